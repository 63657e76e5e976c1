"""The Kubernetes objects that facts are made of, each with only the fields that are read.

Decoding straight into these from the bytes of a list measured fifty times faster, and seven times smaller, than
building every object in full. Each kind is a class of the module that is named after it, and all are names of this
package. A list always has items, be it none: what has not even those is no list, and shows nothing of what there is.
"""

from msdoctor.facts.objects.apiservices import *
from msdoctor.facts.objects.base import *
from msdoctor.facts.objects.certificates import *
from msdoctor.facts.objects.decoding import *
from msdoctor.facts.objects.deployments import *
from msdoctor.facts.objects.events import *
from msdoctor.facts.objects.hpas import *
from msdoctor.facts.objects.metrics import *
from msdoctor.facts.objects.network_policies import *
from msdoctor.facts.objects.nodes import *
from msdoctor.facts.objects.others import *
from msdoctor.facts.objects.pods import *
from msdoctor.facts.objects.rights import *
from msdoctor.facts.objects.services import *
from msdoctor.facts.objects.vpas import *
