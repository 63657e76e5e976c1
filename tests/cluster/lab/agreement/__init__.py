"""Making a running lab agree with a truth, whatever was done to it: one module for each kind of thing that it has.

`Lab.apply` goes through them in order.
"""
