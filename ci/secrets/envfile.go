// Package secrets creates and verifies the Kubernetes Secrets that an environment needs. What is needed is the
// table in ci/config. No error, result or log of this package repeats any part of a value.
package secrets

import (
	"fmt"
	"strings"
)

// EnvName is how a key is called in an env file: "postgres-url" becomes "POSTGRES_URL". Two Secrets that use the
// same value, such as the OpenAI key, share one line.
func EnvName(key string) string {
	return strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// parseEnv reads an env file: NAME=value lines, with or without `export` and quotes; # begins a comment line.
// Errors name the line, never its text.
func parseEnv(text string) (map[string]string, error) {
	values := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name = strings.TrimSpace(name)
		if !found || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, fmt.Errorf("env file, line %d: not NAME=value", i+1)
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("env file, line %d: %s stands there twice; keep one", i+1, name)
		}
		values[name] = unquote(strings.TrimSpace(value))
	}
	return values, nil
}

func unquote(value string) string {
	for _, quote := range []string{`"`, `'`} {
		if len(value) > 1 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return value[1 : len(value)-1]
		}
	}
	return value
}
