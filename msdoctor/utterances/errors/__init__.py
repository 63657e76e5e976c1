"""Innermost errors as values: what went wrong, with the names and addresses it went wrong with.

Each says which upstream source prints it. Fields are the text's own parts, never parsed further than the text goes; a
part that the text lacks is empty. Each is a class of the module whose grammar reads it (``utterances/grammars``), and
all are names of this package.
"""

from msdoctor.utterances.errors.aggregator import *
from msdoctor.utterances.errors.apiserver import *
from msdoctor.utterances.errors.consumers import *
from msdoctor.utterances.errors.error import *
from msdoctor.utterances.errors.kubelet import *
from msdoctor.utterances.errors.metrics_server import *
from msdoctor.utterances.errors.network import *
from msdoctor.utterances.errors.others import *
from msdoctor.utterances.errors.starting import *
from msdoctor.utterances.errors.tls import *
