// Package certcrypto stands in for lego's names of key types.
package certcrypto

// KeyType names an algorithm with its key size.
type KeyType string

// The key types that Traefik's configuration can name.
const (
	EC256   KeyType = "P256"
	EC384   KeyType = "P384"
	RSA2048 KeyType = "2048"
	RSA4096 KeyType = "4096"
	RSA8192 KeyType = "8192"
)
