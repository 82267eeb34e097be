// S3 keeps objects in a folder and serves them by Amazon's protocol: Versity's
// gateway with its POSIX backend, without the other backends. A folder below
// -data is a bucket, a file in it an object, whose metadata are extended
// attributes. It knows one user, by an access key and a secret key.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// connections are more than clients of a lab need, and multipartParts as many
// as Amazon allows.
const (
	connections    = 1000
	multipartParts = 10000
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "s3:", err)
		stop()
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	address := flag.String("address", "", "where to listen, as IP:PORT")
	region := flag.String("region", "", "what clients have to sign for")
	data := flag.String("data", "", "folder of the buckets")
	cert := flag.String("cert", "", "certificate, a PEM file")
	key := flag.String("key", "", "key of the certificate, a PEM file")
	accessKey := flag.String("access-key-file", "", "file that holds the access key")
	secretKey := flag.String("secret-key-file", "", "file that holds the secret key")
	flag.Parse()

	user, err := os.ReadFile(*accessKey)
	if err != nil {
		return fmt.Errorf("reading the access key: %w", err)
	}
	secret, err := os.ReadFile(*secretKey)
	if err != nil {
		return fmt.Errorf("reading the secret key: %w", err)
	}
	var attributes meta.XattrMeta
	if err := attributes.Test(*data); err != nil {
		return fmt.Errorf("the file system of %q keeps no extended attributes: %w", *data, err)
	}
	// This changes the working directory: relative paths end here.
	folder, err := posix.New(*data, attributes, posix.PosixOpts{ForceNoObjLockFile: true}) // no second process writes there
	if err != nil {
		return fmt.Errorf("opening the folder %q: %w", *data, err)
	}
	return embedgw.RunVersityGW(ctx, folder, &embedgw.Config{
		RootUserAccess: strings.TrimSpace(string(user)), RootUserSecret: strings.TrimSpace(string(secret)),
		Region: *region, Ports: []string{*address}, CertFile: *cert, KeyFile: *key, KeepAlive: true,
		MaxConnections: connections, MaxRequests: connections, MultipartMaxParts: multipartParts,
		HealthPath: "/healthz",
	})
}
