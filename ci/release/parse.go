package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	kjson "sigs.k8s.io/json"
)

const utf8BOM = "\ufeff"

// Parse reads a release file, as JSON writes it. It checks all that a file
// shows by itself; Validate and ValidateFor compare it with the application.
// A byte order mark is no part of the text (RFC 8259, section 8.1).
func Parse(data []byte) (Release, error) {
	data = bytes.TrimPrefix(data, []byte(utf8BOM))
	var parsed Release
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&parsed); err != nil {
		return Release{}, fmt.Errorf("parsing release file: %s; give the file that publish returned", explain(err, data))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Release{}, errors.New("parsing release file: text after the end of the JSON object; give the file that publish returned")
	}
	if problems := append(strict(data), parsed.check()...); len(problems) > 0 {
		return Release{}, fmt.Errorf("parsing release file: %s; give the file that publish returned", strings.Join(problems, "; "))
	}
	return parsed, nil
}

// strict names the fields that encoding/json takes and another reader would not, or would take otherwise: it lets the
// last of two fields win, and reads "Version" as "version".
func strict(data []byte) []string {
	found, err := kjson.UnmarshalStrict(data, &Release{})
	if err != nil {
		return []string{err.Error()}
	}
	problems := make([]string, 0, len(found))
	for _, problem := range found {
		problems = append(problems, problem.Error())
	}
	return problems
}

// explain puts what encoding/json says into the words of a release file.
func explain(err error, data []byte) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "it is empty"
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return "it is UTF-16, as a redirection of PowerShell writes it, and has to be UTF-8; write it with export --path"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it is cut off: the JSON object does not end"
	case errors.As(err, &syntax):
		return fmt.Sprintf("not JSON, line %d: %s", 1+bytes.Count(data[:syntax.Offset], []byte("\n")), syntax)
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Sprintf("it holds a JSON %s, not an object", kind.Value)
	case errors.As(err, &kind):
		return fmt.Sprintf("field %q cannot be a %s", kind.Field, kind.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
