package moduleproxy

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"
)

// Serve is the command "lab module-proxy", with these flags:
//
//	-listen ADDRESS -cache DIR -upstream URL
//	-commit MODULE@COMMIT=VERSION   may be given more than once
//	-pin MODULE=VERSION             likewise
//	-freeze GOMOD                   likewise: all modules that the file requires
func Serve(ctx context.Context, args []string) error {
	proxy := &Proxy{Commits: map[string]string{}, Frozen: map[string]string{}}
	flags := flag.NewFlagSet("module-proxy", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8081", "address to listen on")
	flags.StringVar(&proxy.Cache, "cache", "", "the module cache's cache/download folder")
	flags.StringVar(&proxy.Upstream, "upstream", "", "address of the next module proxy")
	flags.Func("commit", "MODULE@COMMIT=VERSION", into(proxy.Commits))
	flags.Func("pin", "MODULE=VERSION", into(proxy.Frozen))
	flags.Func("freeze", "path of a go.mod", proxy.Freeze)
	if err := flags.Parse(args); err != nil {
		return err
	}

	server := &http.Server{Addr: *listen, Handler: logged(proxy), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving modules on %s: %w", *listen, err)
	}
	return nil
}

func into(m map[string]string) func(string) error {
	return func(pair string) error {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("no \"=\" in %q", pair)
		}
		m[key] = value
		return nil
	}
}

func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Printf("%s %s", r.Method, r.URL.Path)
		next.ServeHTTP(w, r)
	})
}
