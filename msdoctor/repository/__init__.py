"""Clusters as a repository declares them, before there is any: files read, recognised, and made into bundles.

One direction, as everywhere: ``walk`` opens files, ``kinds`` says what each is, ``declared`` puts the pieces of one
cluster together, ``documents`` makes of them the bundle that a look at such a cluster would bring home, and ``judging``
has the ordinary facts and checks judge that, and says where in the repository each finding stands.
"""
