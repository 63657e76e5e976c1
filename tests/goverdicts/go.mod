module goverdicts

go 1.26
