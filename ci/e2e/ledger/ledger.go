// Package ledger puts a constant load on the front door and keeps a book of every request of it.
package ledger

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Entry is one request and what came of it.
type Entry struct {
	Asked    time.Time `json:"asked"`
	Answered time.Time `json:"answered"`
	Path     string    `json:"path"`
	// Fresh says that the request had a connection of its own.
	Fresh   bool   `json:"fresh,omitempty"`
	Status  int    `json:"status,omitempty"`
	Release string `json:"release,omitempty"`
	Slot    string `json:"slot,omitempty"`
	// Failure is why no whole answer came; empty when one did.
	Failure string `json:"failure,omitempty"`
}

// Failed says whether a user would have seen the request fail.
func (e Entry) Failed() bool { return e.Failure != "" || e.Status != http.StatusOK }

// Load says what is asked, by whom.
type Load struct {
	Host  string
	Paths []string
	// Clients ask side by side, each with a pause after each answer. Those of even number open a connection per request,
	// the others keep theirs.
	Clients int
	Pause   time.Duration
	// Timeout ends a request that is not answered.
	Timeout time.Duration
	// Client makes the HTTP client of one of them.
	Client func(fresh bool) *http.Client
}

// Ledger is the book of a load.
type Ledger struct {
	load    Load
	stop    context.CancelFunc
	clients sync.WaitGroup
	mu      sync.Mutex
	entries []Entry
}

// Start begins the load, which lasts until Stop or the end of the context.
func Start(ctx context.Context, load Load) *Ledger {
	ctx, stop := context.WithCancel(ctx)
	l := &Ledger{load: load, stop: stop}
	for i := range load.Clients {
		fresh := i%2 == 0
		client := load.Client(fresh)
		l.clients.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				l.ask(client, load.Paths[n%len(load.Paths)], fresh)
				select {
				case <-time.After(load.Pause):
				case <-ctx.Done():
				}
			}
		})
	}
	return l
}

// Stop ends the load and returns the book, in the order of the answers.
func (l *Ledger) Stop() []Entry {
	l.stop()
	l.clients.Wait()
	return l.Entries()
}

// Entries is the book so far, in the order of the answers.
func (l *Ledger) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries := slices.Clone(l.entries)
	slices.SortFunc(entries, func(a, b Entry) int { return a.Answered.Compare(b.Answered) })
	return entries
}

// Since is the book of what was answered from a moment on.
func (l *Ledger) Since(from time.Time) []Entry {
	entries := l.Entries()
	at := slices.IndexFunc(entries, func(e Entry) bool { return !e.Answered.Before(from) })
	if at < 0 {
		return nil
	}
	return entries[at:]
}

// ask is not cut short by the end of the load: a request that the load itself gave up would look like a failed one.
func (l *Ledger) ask(client *http.Client, path string, fresh bool) {
	ctx, cancel := context.WithTimeout(context.Background(), l.load.Timeout)
	defer cancel()
	e := Entry{Asked: time.Now(), Path: path, Fresh: fresh}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+l.load.Host+path, nil)
	if err == nil {
		err = e.take(client.Do(request))
	}
	if err != nil {
		e.Failure = err.Error()
	}
	e.Answered = time.Now()
	l.mu.Lock()
	l.entries = append(l.entries, e)
	l.mu.Unlock()
}

// take reads an answer to its end, and notes who gave it.
func (e *Entry) take(response *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	e.Status, e.Release, e.Slot = response.StatusCode, response.Header.Get("x-release"), response.Header.Get("x-slot")
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
