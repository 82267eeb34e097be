package registry

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// endGrace is how long requests may take to end after SIGTERM.
const endGrace = 3 * time.Second

// Serve is the command "lab registry", which the lab starts as a process of
// its own. It serves until ctx ends.
func Serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("lab registry", flag.ContinueOnError)
	address := flags.String("address", Address, "where to listen, as IP:PORT")
	storage := flags.String("storage", "", "folder of the images")
	cert := flags.String("cert", "", "certificate, a PEM file")
	key := flags.String("key", "", "key of the certificate, a PEM file")
	password := flags.String("password-file", "", "file that holds the password of the user "+User)
	if err := flags.Parse(args); err != nil {
		return err
	}
	secret, err := os.ReadFile(*password)
	if err != nil {
		return fmt.Errorf("reading the registry's password: %w", err)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", *address, err)
	}
	server := &http.Server{
		Handler: Handler(ctx, Options{
			Storage:  *storage,
			User:     User,
			Password: strings.TrimSpace(string(secret)),
			Log:      os.Stdout,
		}),
		ReadHeaderTimeout: 10 * time.Second,
	}
	defer context.AfterFunc(ctx, func() { end(server) })()
	if err := server.ServeTLS(listener, *cert, *key); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the registry: %w", err)
	}
	return nil
}

func end(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), endGrace)
	defer cancel()
	_ = server.Shutdown(ctx) // what has not ended by then, ends with the process
}
