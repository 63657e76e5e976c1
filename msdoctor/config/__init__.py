"""Living with findings: what the user has decided, in ``msdoctor.yaml``, in a baseline, or in a file's comment.

``place`` finds the file, ``reading`` understands it, ``policy`` applies it to a diagnosis. Only ``place``
touches a disk, and the diagnosis knows nothing of any of it until it is made.
"""
