package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// maxLogs bounds what Logs returns, in bytes.
const maxLogs = 1 << 20

// LogOptions chooses the log lines to read.
type LogOptions struct {
	// Container may be empty when the pod has only one.
	Container string
	// Tail is the number of lines from the end; 0 means all, up to 1 MiB.
	Tail int
	// Previous reads the container's instance before its last restart.
	Previous bool
}

// Logs returns what a container has written so far.
func (c *Cluster) Logs(ctx context.Context, namespace, pod string, options LogOptions) (string, error) {
	query := url.Values{"limitBytes": {strconv.Itoa(maxLogs)}}
	if options.Container != "" {
		query.Set("container", options.Container)
	}
	if options.Tail > 0 {
		query.Set("tailLines", strconv.Itoa(options.Tail))
	}
	if options.Previous {
		query.Set("previous", "true")
	}
	body, err := c.send(ctx, request{method: http.MethodGet, path: logPath(namespace, pod), query: query, retry: c.timing.retry})
	if err != nil {
		return "", explain(fmt.Sprintf("reading the logs of Pod %q in namespace %q", pod, namespace), err)
	}
	return string(body), nil
}

// StreamLogs copies what a pod's only container writes to w, from its start until it ends or w returns ErrEnough.
func (c *Cluster) StreamLogs(ctx context.Context, namespace, pod string, w io.Writer) error {
	doing := fmt.Sprintf("following the logs of Pod %q in namespace %q", pod, namespace)
	request := request{method: http.MethodGet, path: logPath(namespace, pod), query: url.Values{"follow": {"true"}}}
	response, err := c.open(ctx, request, nil)
	if err != nil {
		return explain(doing, c.unanswered(ctx, err))
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxLogs))
		return explain(doing, statusError(response, body, request.method))
	}
	if _, err := io.Copy(w, response.Body); errors.Is(err, ErrEnough) {
		return err
	} else if err != nil {
		return explain(doing, c.unanswered(ctx, err))
	}
	return nil
}

func logPath(namespace, pod string) string {
	return "/api/v1/namespaces/" + namespace + "/pods/" + pod + "/log"
}
