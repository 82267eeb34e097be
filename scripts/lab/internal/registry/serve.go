package registry

import (
	"context"
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
	served := make(chan error, 1)
	go func() { served <- server.ServeTLS(listener, *cert, *key) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving the registry: %w", err)
	case <-ctx.Done():
		end(server)
		return nil
	}
}

// end lets requests come to their end. What has not ended within endGrace ends
// with the process: the next lab finds half an upload, which nothing refers to.
func end(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), endGrace)
	defer cancel()
	_ = server.Shutdown(ctx)
}
