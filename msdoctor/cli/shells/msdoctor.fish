# fish completion for msdoctor, from `msdoctor completion fish`

function __msdoctor_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l answer ($program __complete --quoted -- (string escape -- $words[2..-1]) "$word" 2>/dev/null)
    or return
    set -l directive (string match -r '^:(\d+)$' -- $answer[-1])[2]
    set -l candidates (string match -rv '^:\d+$' -- $answer)

    # The same bits as cobra's: 4 no files, 16 directories only.
    if test (count $candidates) -gt 0
        printf '%s\n' $candidates
    else if test (math "bitand($directive, 16)") -ne 0
        __fish_complete_directories $word ''
    else if test (math "bitand($directive, 4)") -eq 0
        complete --do-complete "'' $word" # an argument of no command is a file
    end
end

for program in msdoctor kubectl-msdoctor
    complete --command $program --erase
    complete --command $program --no-files --arguments '(__msdoctor_complete)'
end
