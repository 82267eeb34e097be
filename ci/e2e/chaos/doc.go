// Package chaos takes an environment through rounds of trouble under load, and judges what came of it.
//
// A round deploys a release by a command line that reaches the API server through a proxy (package apiproxy). The proxy
// knows by the run's journal at which step it is, counts the writes of the step, and holds the n-th one while an event is
// fired: the run killed or frozen, a part of the lab stopped, the request refused or its answer lost, another run started, a
// hand laid on the cluster. Then one more command follows. What is fired, where, and what follows is drawn from a seed;
// five seeds in a row fire every event at every step.
//
// Afterwards the environment has to be as it should be by what the pipeline's own commands do. A failed request of the
// load counts as explained only while an injected event left its Service without a ready endpoint, or while a hand had
// taken the Service, its selector or its policy away. What commands said is held against the cluster, the records and
// the API server's audit log, read by code that is shared with nobody.
//
// A run is frozen where its code is, in its container in the engine: SIGSTOP to the processes of the network namespace
// that is connected to the run's proxy. To stop the command line alone would leave the code going on. The write that is
// held meanwhile arrives after the run woke, as one that was on its way does.
//
// To see that a fault of the pipeline is found, plant it in another checkout and name that: SOURCE=FOLDER.
package chaos
