package cluster

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
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
	// Since leaves out what was written before the second of that time; zero leaves out nothing.
	Since time.Time
	// Timestamps begins every line with the time at which the node received it (RFC 3339) and a space.
	Timestamps bool
}

// Logs returns what a container has written so far.
func (c *Cluster) Logs(ctx context.Context, namespace, pod string, options LogOptions) (string, error) {
	query := options.query()
	query.Set("limitBytes", strconv.Itoa(maxLogs))
	body, err := c.send(ctx, request{method: http.MethodGet, path: logPath(namespace, pod), query: query, retry: c.timing.retry})
	if err != nil {
		return "", explain(fmt.Sprintf("reading the logs of Pod %q in namespace %q", pod, namespace), err)
	}
	return string(body), nil
}

// FollowLogs opens what a container writes, from the options' beginning until it ends. An end without an error does not
// say that the container has ended: a node's agent that restarts ends it, too.
func (c *Cluster) FollowLogs(ctx context.Context, namespace, pod string, options LogOptions) (io.ReadCloser, error) {
	doing := fmt.Sprintf("following the logs of Pod %q in namespace %q", pod, namespace)
	query := options.query()
	query.Set("follow", "true")
	request := request{method: http.MethodGet, path: logPath(namespace, pod), query: query}
	response, err := c.open(ctx, request, nil)
	if err != nil {
		return nil, explain(doing, c.unanswered(ctx, err))
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxLogs))
		return nil, explain(doing, statusError(response, body, request.method))
	}
	return response.Body, nil
}

func (o LogOptions) query() url.Values {
	query := url.Values{}
	if o.Container != "" {
		query.Set("container", o.Container)
	}
	if o.Tail > 0 {
		query.Set("tailLines", strconv.Itoa(o.Tail))
	}
	if o.Previous {
		query.Set("previous", "true")
	}
	if o.Timestamps {
		query.Set("timestamps", "true")
	}
	if !o.Since.IsZero() {
		query.Set("sinceTime", o.Since.UTC().Format(time.RFC3339))
	}
	return query
}

func logPath(namespace, pod string) string {
	return "/api/v1/namespaces/" + namespace + "/pods/" + pod + "/log"
}
