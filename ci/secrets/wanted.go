package secrets

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// wanted works out the changes that the caller asks for, in the order of the table, and an entry for each key named.
// All problems are reported at once, by name. Of a rotation that was killed the new values are left's.
func (r *rotation) wanted(ctx context.Context, left *journal) ([]change, []Entry, error) {
	given, err := parseEnv(r.options.EnvFile)
	if err != nil {
		return nil, nil, err
	}
	current, err := r.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	running, err := r.running(ctx)
	if err != nil {
		return nil, nil, err
	}
	choice := chooser{current: current, given: given, generate: r.options.Generate, made: generated{}, running: running, left: left, used: map[string]bool{}}
	for _, name := range r.options.Keys {
		// A value, which no message may repeat.
		if name, _, found := strings.Cut(name, "="); found {
			return nil, nil, fmt.Errorf("--keys: a value was given with %s, and values belong to no command line; name the key, put the value into the file of --from, and do not use this one",
				strings.TrimSpace(name))
		}
		choice.used[EnvName(strings.TrimSpace(name))] = false
	}
	for _, secret := range r.Environment.Secrets {
		for _, key := range secret.Keys {
			if _, named := choice.used[EnvName(key.Name)]; named {
				choice.used[EnvName(key.Name)] = true
				choice.choose(secret.Name, key)
			}
		}
	}
	return choice.changes, choice.entries, choice.err(r.Environment)
}

// chooser finds the new value of each key, and collects what is wrong.
type chooser struct {
	current  map[string]map[string]string
	given    map[string]string
	generate bool
	made     generated
	running  map[config.Server]bool
	left     *journal
	// used says of each key that the caller named whether the table has it.
	used     map[string]bool
	changes  []change
	entries  []Entry
	problems []string
}

func (p *chooser) choose(secret string, key config.Key) {
	c := change{Secret: secret, Key: key.Name, Old: p.current[secret][key.Name]}
	entry := Entry{Secret: secret, Key: key.Name, Purpose: key.Purpose, State: Rotated}
	problem := ""
	if begun := p.begun(secret, key.Name); begun != nil {
		c, problem = *begun, p.contradicts(*begun)
	} else if problem = p.value(&c, key); problem == "" && c.New == c.Old {
		entry.State = Unchanged
	}
	if problem != "" {
		p.problems = append(p.problems, fmt.Sprintf("%s (%s of %s): %s", EnvName(key.Name), key.Name, secret, problem))
	}
	if entry.State == Rotated {
		p.changes = append(p.changes, c)
	}
	p.entries = append(p.entries, entry)
}

// value sets the new value, and what its change takes; or says why it cannot.
func (p *chooser) value(c *change, key config.Key) (problem string) {
	given, inFile := p.given[EnvName(key.Name)]
	switch {
	case c.Old == "":
		return "missing in the cluster; create it first"
	case key.Fixed != "":
		return "it is never rotated: " + key.Fixed
	case inFile:
		c.New = given
	case !p.generate:
		return "no new value; put it into the file of --from, or pass --generate"
	default:
		if c.New = p.generated(*c, key); c.New == "" {
			return "it cannot be generated; put it into the file of --from"
		}
	}
	if entry := inspect(c.Secret, key, c.New); entry.State != Present {
		return entry.Detail
	}
	if c.New != c.Old && p.running[key.Server] {
		if err := c.prepare(key.Server); err != nil {
			return err.Error()
		}
	}
	return ""
}

// generated makes a value: a random one, or for a URL with a password the same URL with another.
func (p *chooser) generated(c change, key config.Key) string {
	if key.Generated {
		return p.made.value(EnvName(key.Name))
	}
	parsed, err := url.Parse(c.Old)
	if err != nil || !p.running[key.Server] || len(key.Schemes) == 0 {
		return ""
	}
	return withPassword(parsed, parsed.User.Username(), p.made.value(EnvName(key.Name)))
}

// begun is the change of a key that a rotation which was killed had begun.
func (p *chooser) begun(secret, key string) *change {
	if p.left == nil {
		return nil
	}
	for i, c := range p.left.Changes {
		if c.Secret == secret && c.Key == key {
			return &p.left.Changes[i]
		}
	}
	return nil
}

// contradicts says that the caller has another value than the rotation that was killed.
func (p *chooser) contradicts(begun change) string {
	if given, ok := p.given[EnvName(begun.Key)]; ok && given != begun.New {
		return fmt.Sprintf("a rotation to another value was killed and comes first; finish it with: dagger call %s", p.left.Command)
	}
	return ""
}

// err reports everything that is wrong.
func (p *chooser) err(environment config.Environment) error {
	for _, name := range slices.Sorted(maps.Keys(p.used)) {
		if !p.used[name] {
			p.problems = append(p.problems, fmt.Sprintf("%s: no such key; %s has %s", name, environment.Name, strings.Join(keyNames(environment), ", ")))
		}
	}
	if len(p.used) == 0 {
		p.problems = append(p.problems, "no keys named; pass --keys, such as --keys redis-password,JWT_SECRET")
	}
	if len(p.problems) == 0 {
		return nil
	}
	return fmt.Errorf("rotating secrets of %s: nothing was changed:\n  %s", environment.Name, strings.Join(p.problems, "\n  "))
}

func keyNames(environment config.Environment) []string {
	var names []string
	for _, secret := range environment.Secrets {
		for _, key := range secret.Keys {
			names = append(names, key.Name)
		}
	}
	return names
}
