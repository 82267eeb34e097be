// Package acme stands in for the account types of the ACME protocol.
package acme

// Account is what a certificate authority knows of a customer.
type Account struct{}

// ExtendedAccount is an account with its address at the authority.
type ExtendedAccount struct {
	Account
	Location string
}
