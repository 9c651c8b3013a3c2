"""A folder as a repository of The Update Framework (TUF specification 1.0), on a stick or behind any web server.

::

    REPOSITORY/metadata/N.root.json       who may sign what; the first one is what a client is given by hand
                        N.targets.json    size and SHA-256 of every file
                        N.snapshot.json
                        timestamp.json    the newest; written last
    REPOSITORY/targets/SHA256.NAME
"""
