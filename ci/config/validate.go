package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

var (
	// What Kubernetes takes as the name of a Service (RFC 1035 label).
	dnsLabel = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)
	// What Kubernetes takes as a key of a Secret.
	secretKey = regexp.MustCompile(`^[-._a-zA-Z0-9]+$`)
)

// maxLabel is the longest name that still fits a DNS label together with the
// longest slot suffix in use ("-green").
const maxLabel = 63 - len("-green")

// Validate reports everything that is wrong with the table, all at once.
func (a Application) Validate() error {
	problems := problems{at: fmt.Sprintf("application %q", a.Name)}
	problems.check(isName(a.Name), "name is not a DNS label")
	problems.check(strings.Contains(a.Registry, "/") && !strings.HasSuffix(a.Registry, "/"),
		"registry %q is not of the form host/path", a.Registry)
	problems.check(len(a.Services) > 0, "no services")
	problems.check(len(a.Environments) > 0, "no environments")
	problems.check(isName(a.SmokeImage), "smoke image %q is not a DNS label", a.SmokeImage)
	for _, image := range a.DataImages {
		problems.check(isName(image.Name), "data image %q is not a DNS label", image.Name)
		problems.check(image.Version != "", "data image %q has no version", image.Name)
	}
	problems.unique("image", a.AllImages())

	ports, paths := []string{}, []string{}
	for _, service := range a.Services {
		ports, paths = append(ports, fmt.Sprint(service.Port)), append(paths, service.Path)
		problems.add(service.validate())
	}
	problems.unique("port", ports)
	problems.unique("path", paths)

	names, namespaces, hosts := []string{}, []string{}, []string{}
	for _, environment := range a.Environments {
		names, namespaces = append(names, environment.Name), append(namespaces, environment.Namespace)
		hosts = append(hosts, environment.Hosts...)
		problems.add(environment.validate())
	}
	names, namespaces = append(names, MonitoringName), append(namespaces, a.Monitoring.Namespace)
	problems.add(a.Monitoring.validate())
	problems.unique("environment", names)
	problems.unique("namespace", namespaces)
	problems.unique("host", hosts)
	return problems.join()
}

func (s Service) validate() error {
	problems := problems{at: fmt.Sprintf("service %q", s.Name)}
	problems.check(isName(s.Name), "name is not a DNS label of at most %d characters", maxLabel)
	problems.check(s.Port > 0 && s.Port < 1<<16, "port %d is not between 1 and 65535", s.Port)
	problems.check(strings.HasPrefix(s.Path, "/"), "path %q does not begin with /", s.Path)
	problems.check(strings.HasPrefix(s.HealthPath, s.Path), "health path %q is not below %q, so the front door would not route it there", s.HealthPath, s.Path)
	return problems.join()
}

func (e Environment) validate() error {
	problems := problems{at: fmt.Sprintf("environment %q", e.Name)}
	problems.check(isName(e.Name), "name is not a DNS label")
	problems.check(isName(e.Namespace), "namespace %q is not a DNS label", e.Namespace)
	address, err := url.Parse(e.URL)
	problems.check(err == nil && address.Scheme == "https" && address.Host != "" && address.Path == "",
		"URL %q is not of the form https://host", e.URL)
	problems.check(err == nil && len(e.Hosts) > 0 && e.Hosts[0] == address.Hostname(), "first host is not that of URL %q", e.URL)
	problems.check(e.Watch >= 0, "watch %s is negative", e.Watch)
	for _, path := range e.HealthPaths {
		problems.check(strings.HasPrefix(path, "/"), "health path %q does not begin with /", path)
	}
	problems.add(e.validateStrategy(), e.Thresholds.validate(), validateSecrets(e.Secrets))
	return problems.join()
}

func (e Environment) validateStrategy() error {
	problems := problems{at: "strategy"}
	switch e.Strategy {
	case RollingUpdate:
		problems.check(len(e.Slots) == 0, "%s has no slots, not %v", e.Strategy, e.Slots)
	case BlueGreen:
		problems.check(len(e.Slots) == 2, "%s takes two slots, not %v", e.Strategy, e.Slots)
		problems.unique("slot", e.Slots)
		for _, slot := range e.Slots {
			problems.check(isName(slot), "slot %q is not a DNS label", slot)
		}
	default:
		problems.check(false, "%q is neither %s nor %s", e.Strategy, RollingUpdate, BlueGreen)
	}
	return problems.join()
}

func (t Thresholds) validate() error {
	problems := problems{at: "thresholds"}
	problems.check(0 < t.ResponseTime && t.ResponseTime < t.ResponseTimeRollback,
		"response time: want 0 < healthy (%s) < rollback (%s)", t.ResponseTime, t.ResponseTimeRollback)
	problems.check(0 < t.ErrorRate && t.ErrorRate < t.ErrorRateRollback && t.ErrorRateRollback < 1,
		"error rate: want 0 < healthy (%g) < rollback (%g) < 1", t.ErrorRate, t.ErrorRateRollback)
	problems.check(t.ErrorWindow > 0, "error window %s is not positive", t.ErrorWindow)
	problems.check(t.Restarts >= 0, "restarts %d is negative", t.Restarts)
	return problems.join()
}

func validateSecrets(secrets []Secret) error {
	problems := problems{at: "secrets"}
	names := []string{}
	for _, secret := range secrets {
		names = append(names, secret.Name)
		problems.check(isName(secret.Name), "name %q is not a DNS label", secret.Name)
		problems.check(len(secret.Keys) > 0, "%q has no keys", secret.Name)
		keys := []string{}
		for _, key := range secret.Keys {
			keys = append(keys, key.Name)
			problems.check(secretKey.MatchString(key.Name), "%q: key %q is not a Secret's key", secret.Name, key.Name)
			problems.check(key.Purpose != "", "%q: key %q has no purpose", secret.Name, key.Name)
			problems.check(!key.Generated || len(key.Prefixes)+len(key.Schemes) == 0,
				"%q: key %q cannot be both random and of a form given by others", secret.Name, key.Name)
		}
		problems.unique("key of "+secret.Name, keys)
	}
	problems.unique("secret", names)
	return problems.join()
}

func isName(name string) bool {
	return len(name) <= maxLabel && dnsLabel.MatchString(name)
}

// problems collects what is wrong with one thing.
type problems struct {
	at   string
	errs []error
}

func (p *problems) check(ok bool, format string, args ...any) {
	if !ok {
		p.errs = append(p.errs, fmt.Errorf(p.at+": "+format, args...))
	}
}

// add takes over the problems of a part, put behind the name of the whole.
func (p *problems) add(parts ...error) {
	for _, part := range parts {
		if part == nil {
			continue
		}
		for _, err := range part.(interface{ Unwrap() []error }).Unwrap() {
			p.errs = append(p.errs, fmt.Errorf("%s: %w", p.at, err))
		}
	}
}

func (p *problems) unique(what string, values []string) {
	seen := map[string]bool{}
	for _, value := range values {
		p.check(!seen[value], "%s %q is used twice", what, value)
		seen[value] = true
	}
}

func (p *problems) join() error {
	return errors.Join(p.errs...)
}
