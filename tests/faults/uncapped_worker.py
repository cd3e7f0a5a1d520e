"""The wrong twin of the worker: nobody has a cap of his own, so that one tenant can take every slot there is."""

import sys

from portal import worker
from portal.webhooks import claiming

claiming.ORG_CAP = claiming.FAILING = 1_000_000
claiming.share = lambda free, _held: free

if __name__ == "__main__":
    sys.exit(worker.main())
