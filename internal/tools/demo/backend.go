// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A backend takes what the agents send over OTLP, and what Alertmanager says.
type backend struct {
	server *http.Server
	status atomic.Int64 // with which it answers OTLP

	records records
	console *console

	mu    sync.Mutex
	known map[string]string // status of each alert that was printed
}

// A console is what tour and alerts print on, a whole text at a time. Nobody reads a terminal that cannot be written.
type console struct {
	mu  sync.Mutex
	out io.Writer
}

func (c *console) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = fmt.Fprintf(c.out, format+"\n", args...)
}

func serveBackend(address string, out *console) (*backend, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("start the backend: %w", err)
	}
	b := &backend{console: out, known: map[string]string{}}
	b.status.Store(http.StatusOK)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/", b.otlp)
	mux.HandleFunc("POST /v1/logs", b.logs)
	mux.HandleFunc("POST /alerts", b.alerts)
	mux.Handle("GET /records", &b.records)
	b.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = b.server.Serve(listener) }() // Until close.
	return b, nil
}

func (b *backend) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := b.server.Shutdown(ctx); err != nil {
		return errors.Join(b.server.Close())
	}
	return nil
}

func (b *backend) otlp(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // A client that goes away is its own problem.
	w.WriteHeader(int(b.status.Load()))
}

// logs keeps and prints the log records that the backend takes.
func (b *backend) logs(w http.ResponseWriter, r *http.Request) {
	if b.status.Load() != http.StatusOK {
		b.otlp(w, r)
		return
	}
	found, err := decode(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.records.add(found)
	for _, record := range found {
		if record.Attributes["hw.id"] != "" {
			b.console.say("   log record: %s", record)
		}
	}
	w.WriteHeader(http.StatusOK)
}

// alerts prints what Alertmanager sends, a line where an alert of a node or GPU begins or ends.
func (b *backend) alerts(_ http.ResponseWriter, r *http.Request) {
	var notice struct {
		Alerts []struct {
			Status string
			Labels map[string]string
		}
	}
	if json.NewDecoder(r.Body).Decode(&notice) != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range notice.Alerts {
		name := strings.Join(strings.Fields(a.Labels["alertname"]+" "+a.Labels["instance"]+" "+a.Labels["hw_name"]), " ")
		if b.known[name] != a.Status {
			b.console.say("   alert %s: %s (%s)", a.Status, name, a.Labels["severity"])
		}
		b.known[name] = a.Status
	}
}
