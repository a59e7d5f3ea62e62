// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// seenPatience is how long the consequence of a step may take to be in Prometheus.
const seenPatience = 45 * time.Second

var client = &http.Client{Timeout: 5 * time.Second}

// walk goes through the tour, and fails where Prometheus does not show what a step is about.
func walk(ctx context.Context, s settings, st *stack, out *console) error {
	names := st.replacer()
	out.say("%s", names.Replace(introduction))
	for i, step := range tour {
		out.say("\n%d/%d %s", i+1, len(tour), names.Replace(step.title))
		if err := st.show(ctx, step); err != nil {
			return err
		}
		for _, look := range step.look {
			out.say("   look: %s", names.Replace(look))
		}
		if err := st.pause(ctx, time.Duration(float64(step.linger)/s.speed)); err != nil {
			return err
		}
	}
	return nil
}

// show applies a step and waits until it is in Prometheus.
func (st *stack) show(ctx context.Context, step step) error {
	if step.after != "" {
		if err := st.until(ctx, startPatience, step.after, func() bool { return st.holds(ctx, step.after) }); err != nil {
			return err
		}
	}
	if err := st.apply(step); err != nil {
		return err
	}
	for _, query := range step.queries() {
		if err := st.until(ctx, seenPatience, query, func() bool { return st.holds(ctx, query) }); err != nil {
			return err
		}
	}
	return nil
}

// queries have a result once a step shows.
func (s step) queries() []string {
	queries := []string{s.sees}
	for _, alert := range s.alerts {
		queries = append(queries, fmt.Sprintf("ALERTS{alertname=%q, alertstate=\"firing\"}", alert))
	}
	return queries
}

// replacer puts addresses into texts.
func (st *stack) replacer() *strings.Replacer {
	well, sick := st.Nodes[0], st.Nodes[1]
	return strings.NewReplacer("PROMETHEUS", "http://"+st.Prometheus, "ALERTMANAGER", "http://"+st.Alertmanager, "BACKEND", "http://"+st.Backend,
		"WELL", "http://"+well.Health, "SICK", "http://"+sick.Health, "PAGE", "http://"+sick.Page)
}

// apply does to the nodes what a step says. The faults are those of the second node.
func (st *stack) apply(s step) error {
	for file, job := range s.jobs {
		if err := writeFiles(filepath.Join(st.Directory, filepath.Dir(file)), map[string]string{filepath.Base(file): job}); err != nil {
			return err
		}
	}
	if s.backend != 0 {
		st.backend.status.Store(int64(s.backend))
	}
	sick := st.Nodes[1]
	for _, line := range s.kernel {
		if err := appendLine(filepath.Join(sick.dir, "kmsg"), fmt.Sprintf("4,%d,%d,-;%s", sick.logged, time.Now().UnixMicro(), line)); err != nil {
			return err
		}
		sick.logged++
	}
	for _, event := range s.faults {
		if err := appendLine(filepath.Join(sick.dir, "control"), event); err != nil {
			return err
		}
	}
	return nil
}

func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("break the node: %w", err)
	}
	_, err = fmt.Fprintln(file, line)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("break the node: %w", err)
	}
	return nil
}

// holds reports whether a query has a result.
func (st *stack) holds(ctx context.Context, query string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+st.Prometheus+"/api/v1/query?query="+url.QueryEscape(query), http.NoBody)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close() //nolint:errcheck // It has been read.
	var answer struct {
		Data struct{ Result []any }
	}
	return json.NewDecoder(resp.Body).Decode(&answer) == nil && len(answer.Data.Result) > 0
}
