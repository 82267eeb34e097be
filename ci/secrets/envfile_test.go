package secrets

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseEnvReadsWhatComposeAndDotenvReadAlike(t *testing.T) {
	for text, want := range map[string]string{
		"A=plain":                              "plain",
		"A=":                                   "",
		"A=''":                                 "",
		"A = spaced \t":                        "spaced",
		"  export A=1":                         "1",
		"export\tA=1":                          "1",
		"A=two words":                          "two words",
		"A=k=v==":                              "k=v==",
		"A=p@ss'w\"rd\\n":                      `p@ss'w"rd\n`,
		"A=postgres://u:p@db/app?a=1&b=%20;c":  "postgres://u:p@db/app?a=1&b=%20;c",
		`A="it's # two"`:                       "it's # two",
		`A='$5 "and" \n #'`:                    `$5 "and" \n #`,
		`A='x' # the key of the team`:          "x",
		`A="x"# the key of the team`:           "x",
		"\ufeffA=first line of a Windows file": "first line of a Windows file",
		"# a comment\r\n\r\nA=b\r\n":           "b",
		"exported=1\nA=b":                      "b",
	} {
		values, err := parseEnv(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, values["A"], text)
	}
}

func TestParseEnvRefusesWhatReadersTakeDifferently(t *testing.T) {
	for text, want := range map[string]string{
		"A=hunter2#1":                "line 1: a # in a value without quotes",
		"A=hunter2 # the old one":    "line 1: a # in a value without quotes",
		"A=hunter2$HOME":             "line 1: a $ in a value without quotes",
		`A="hunter2$HOME"`:           "line 1: a $ or \\ between double quotes",
		`A="hunter2\n"`:              "line 1: a $ or \\ between double quotes",
		`A="hunter2"hunter2"`:        "line 1: text after the closing quote",
		`A='hunter2'hunter2`:         "line 1: text after the closing quote",
		`A='hunter2\'`:               "line 1: a \\ before the closing quote",
		"A=`hunter2`":                "line 1: a value in backquotes",
		"A='hunter2":                 "line 1: the quote is not closed",
		"B=1\nA=\"hunter2\nhunter\"": "line 2: the quote is not closed",
		"A=hunter2\rB=hunter2":       "line 1: a control character",
		"A=hunter2\x00":              "line 1: a control character",
		"B=1\nA=hunter2\xff":         "line 2: not UTF-8",
		"\xff\xfeA\x00=\x001\x00":    "line 1: not UTF-8",
		"hunter2":                    "line 1: not NAME=value",
		"=hunter2":                   "line 1: not NAME=value",
		"hunter-2=x":                 "line 1: not NAME=value",
		"export hunter2":             "line 1: not NAME=value",
		"2A=hunter2":                 "line 1: not NAME=value",
		"A: hunter2=":                "line 1: not NAME=value",
		"A=1\n\ufeffB=hunter2":       "line 2: not NAME=value",
		"A=1\n export A='hunter2'":   "line 2: A was set in line 1",
	} {
		_, err := parseEnv(text)
		require.ErrorContains(t, err, "env file, "+want, text)
		assert.NotContains(t, err.Error(), "hunter", text)
	}
}
