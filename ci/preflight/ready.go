package preflight

import "context"

// Ready asks what needs no release to be known: whether an environment could take one at all.
func Ready(ctx context.Context, api Cluster, input Input) Report {
	inspector := inspector{api: api, Input: input}
	return ask(ctx, input, []question{
		{"access", inspector.access},
		{"namespace", inspector.namespace},
		{"secrets", inspector.secrets},
		{"restore", inspector.restore},
	})
}
