// Package workflows tests what GitHub and the team's runbooks start: .github/workflows, .github/install-dagger.sh and
// scripts/deployment. It holds tests only.
//
// A workflow is parsed by actionlint, and run here by a small stand-in for GitHub (runner_test.go): it evaluates conditions,
// inputs, environments and outputs, walks the graph of needs, hands artifacts on, and runs every `run:` step in bash as
// GitHub does, with the repository's own install script and a dagger on the PATH that only writes down how it was called.
// So a test sees which jobs an event runs, in which order and with which secrets, and exactly which arguments dagger got.
//
// The rules of audit_test.go stand for zizmor, a linter of workflows that cannot be had as a Go module.
//
// What of GitHub cannot be run here, and is taken from its documentation: protection rules of environments (who may
// approve, from which branch), the order and replacement within concurrency groups, what a token's permissions allow at
// the API, the checks that the web page and the API make of inputs (choice, boolean), how long artifacts are kept, and
// the actions that are used by their commit. Dagger itself runs in the end-to-end tests.
package workflows
