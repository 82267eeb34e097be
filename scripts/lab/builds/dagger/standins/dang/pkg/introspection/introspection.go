// Package introspection holds the answer to a GraphQL introspection query.
package introspection

import "encoding/json"

// Response keeps the schema as it came: nothing here reads it.
type Response struct {
	Schema json.RawMessage `json:"__schema"`
}
