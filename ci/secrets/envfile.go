// Package secrets creates and verifies the Kubernetes Secrets that an environment needs. What is needed is the
// table in ci/config. No error, result or log of this package repeats any part of a value.
package secrets

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EnvName is how a key is called in an env file: "postgres-url" becomes "POSTGRES_URL". Two Secrets that use the
// same value, such as the OpenAI key, share one line.
func EnvName(key string) string {
	return strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// parseEnv reads an env file as docker compose and dotenv do: NAME=value lines, with or without `export`; white space
// around a value does not belong to it; quotes of either kind enclose a value and are not a part of it; # begins a
// comment on a line of its own or after a closing quote. UTF-8, with or without a byte order mark, and any line ends.
//
// A line that the two read differently is refused, since a secret that is not the one in the file shows much later:
// # and $ outside of quotes, $ and \ between double quotes, values of several lines, a name that is set twice. Between
// single quotes everything stands for itself. `docker run --env-file` and `kubectl --from-env-file` know no quotes.
//
// Errors name the line, never its text.
func parseEnv(text string) (map[string]string, error) {
	values, lines := map[string]string{}, map[string]int{}
	number := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, err := parseEnvLine(line)
		if err != nil {
			return nil, fmt.Errorf("env file, line %d: %w", number, err)
		}
		if first, twice := lines[name]; twice {
			return nil, fmt.Errorf("env file, line %d: %s was set in line %d; keep one of the two", number, name, first)
		}
		values[name], lines[name] = value, number
	}
	return values, nil
}

var envAssignment = regexp.MustCompile(`^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)$`)

func parseEnvLine(line string) (name, value string, err error) {
	if !utf8.ValidString(line) {
		return "", "", errors.New("not UTF-8; save the file as UTF-8")
	}
	if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
		return "", "", errors.New("a control character; write one NAME=value a line, in plain text")
	}
	parts := envAssignment.FindStringSubmatch(line)
	if parts == nil {
		return "", "", errors.New("not NAME=value, with a name of letters, digits and underscores")
	}
	value, err = envValue(parts[2])
	return parts[1], value, err
}

func envValue(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	switch quote := text[0]; quote {
	case '\'', '"':
		return quotedEnvValue(text[1:], quote)
	case '`':
		return "", errors.New("a value in backquotes, which some readers take for a part of it; use single quotes")
	}
	for _, special := range []string{"#", "$"} {
		if strings.Contains(text, special) {
			return "", fmt.Errorf("a %s in a value without quotes, which some readers take for a comment or a variable; put the value into single quotes", special)
		}
	}
	return text, nil
}

// quotedEnvValue takes what follows the opening quote.
func quotedEnvValue(text string, quote byte) (string, error) {
	value, rest, closed := strings.Cut(text, string(quote))
	rest = strings.TrimSpace(rest)
	switch {
	case !closed:
		return "", errors.New("the quote is not closed on this line; a value is one line")
	case strings.HasSuffix(value, `\`):
		return "", errors.New(`a \ before the closing quote, which some readers take for an escape; use the other kind of quotes, or another value`)
	case rest != "" && rest[0] != '#':
		return "", errors.New("text after the closing quote; for a quote within the value use the other kind around it")
	case quote == '"' && strings.ContainsAny(value, `$\`):
		return "", errors.New(`a $ or \ between double quotes, which some readers expand; use single quotes`)
	}
	return value, nil
}
