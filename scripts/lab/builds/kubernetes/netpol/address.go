package main

import (
	"context"
	"encoding/json"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"sync"

	"github.com/fsnotify/fsnotify"
	corev1 "k8s.io/api/core/v1"
)

// addresses knows the addresses of pods from CNI's own notes. The kubelet
// reports an address a second or so after the first container runs; a pod's
// first packets (its first DNS query, say) would meet rules that do not know
// it. CNI writes its note before the first container is made.
type addresses struct {
	dir string

	mu   sync.Mutex
	pods map[string][]string // by namespace/name
}

// watchAddresses reads CNI's folder now and after each change of it.
func watchAddresses(ctx context.Context, dir string, changed signalled) (*addresses, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := watcher.Add(dir); err != nil {
		return nil, err
	}
	a := &addresses{dir: dir}
	a.read()
	go func() {
		defer watcher.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case err := <-watcher.Errors:
				log.Printf("watching %q: %v", dir, err)
			case <-watcher.Events:
			}
			a.read()
			changed.set()
		}
	}()
	return a, nil
}

// of is the pod's addresses by CNI's notes, else the one that it reports.
func (a *addresses) of(p *corev1.Pod) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if found := a.pods[p.Namespace+"/"+p.Name]; len(found) > 0 {
		return found
	}
	if p.Status.PodIP == "" {
		return nil
	}
	return []string{p.Status.PodIP}
}

func (a *addresses) read() {
	pods := map[string][]string{}
	files, err := filepath.Glob(filepath.Join(a.dir, "*"))
	if err != nil {
		log.Printf("listing %q: %v", a.dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // deleted meanwhile
		}
		if pod, found := parseResult(text); pod != "" {
			pods[pod] = append(pods[pod], found...)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pods = pods
}

// parseResult reads a note of CNI's library: which pod a network was made
// for, as namespace/name, and the pod's IPv4 addresses. It is silent about
// notes that say neither: the loopback's, or one that is still being written.
func parseResult(text []byte) (pod string, found []string) {
	var note struct {
		Args   [][2]string `json:"cniArgs"`
		Result struct {
			IPs []struct {
				Address string `json:"address"`
			} `json:"ips"`
		} `json:"result"`
	}
	if json.Unmarshal(text, &note) != nil {
		return "", nil
	}
	args := map[string]string{}
	for _, arg := range note.Args {
		args[arg[0]] = arg[1]
	}
	for _, ip := range note.Result.IPs {
		prefix, err := netip.ParsePrefix(ip.Address)
		if err == nil && prefix.Addr().Is4() && !prefix.Addr().IsLoopback() {
			found = append(found, prefix.Addr().String())
		}
	}
	if len(found) == 0 || args["K8S_POD_NAME"] == "" {
		return "", nil
	}
	return args["K8S_POD_NAMESPACE"] + "/" + args["K8S_POD_NAME"], found
}
