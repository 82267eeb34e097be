// Package flows reads the declared table of connections, k8s/flows.yaml, for those who hold something against it: the
// tests of the NetworkPolicies, and of the README.
package flows

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Flow is one line of the table: who may connect to whom.
type Flow struct {
	From []string `json:"from"`
	To   string   `json:"to"`
	// Port is a number, or http for the port of a service.
	Port intOrName `json:"port"`
	// SameSlot allows it within a slot only.
	SameSlot bool `json:"sameSlot"`
	// Environments are those that have the flow; none means all.
	Environments []string `json:"environments"`
	Why          string   `json:"why"`
}

// Table is everything that is allowed.
type Table []Flow

// End is one end of a connection: a kind of pod, or something outside of the cluster.
type End struct {
	Name string
	// Group is another name under which the table may mean it, such as services.
	Group string
	// Slot is empty for what belongs to none.
	Slot string
}

// String is how tests name the end: dashboard-blue.
func (e End) String() string {
	if e.Slot == "" {
		return e.Name
	}
	return e.Name + "-" + e.Slot
}

func (e End) is(name string) bool { return name == e.Name || name == e.Group }

// Read reads the table. The error names the field that is unknown, or the line that lacks something.
func Read(path string) (Table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var table Table
	if err := yaml.UnmarshalStrict(data, &table); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	for i, flow := range table {
		if len(flow.From) == 0 || flow.To == "" || flow.Port == "" || flow.Why == "" {
			return nil, fmt.Errorf("reading %s: flow %d needs from, to, port and why", path, i+1)
		}
	}
	return table, nil
}

// Allows says whether the table lets an environment's connection through.
func (t Table) Allows(environment string, from, to End, port string) bool {
	return slices.ContainsFunc(t, func(flow Flow) bool { return flow.Allows(environment, from, to, port) })
}

// Allows says whether this line lets the connection through.
func (f Flow) Allows(environment string, from, to End, port string) bool {
	switch {
	case len(f.Environments) > 0 && !slices.Contains(f.Environments, environment):
		return false
	case f.SameSlot && from.Slot != to.Slot:
		return false
	}
	return slices.ContainsFunc(f.From, from.is) && to.is(f.To) && port == string(f.Port)
}

// Markdown is the table as the README prints it.
func (t Table) Markdown() string {
	var text strings.Builder
	text.WriteString("| from | to | port | where | why |\n|---|---|---|---|---|\n")
	for _, flow := range t {
		where := "everywhere"
		if len(flow.Environments) > 0 {
			where = strings.Join(flow.Environments, ", ")
		}
		to := flow.To
		if flow.SameSlot {
			to += " of the same slot"
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s |\n", strings.Join(flow.From, ", "), to, flow.Port, where, flow.Why)
	}
	return text.String()
}

// intOrName takes a port as YAML has it, with or without quotes.
type intOrName string

func (p *intOrName) UnmarshalJSON(data []byte) error {
	*p = intOrName(strings.Trim(string(data), `"`))
	return nil
}
