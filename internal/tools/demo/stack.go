// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed node.yaml
var nodeConfig []byte

// startPatience is how long everything may take to become ready.
const startPatience = time.Minute

// A node is one simulated machine.
type node struct {
	Name   string `json:"name"`
	Page   string `json:"page"`
	Health string `json:"health"`
	dir    string
	logged int // lines in its kernel log
}

// A stack is all that the demo runs.
type stack struct {
	Prometheus   string  `json:"prometheus"`
	Alertmanager string  `json:"alertmanager"`
	Backend      string  `json:"backend"`
	Nodes        []*node `json:"nodes"`
	Directory    string  `json:"directory"`
	PIDs         []int   `json:"pids"`

	backend   *backend
	processes []*process
}

// start returns the stack with an error as well: whoever called it stops what did start.
func start(ctx context.Context, s settings, tools map[string]string, out *console) (*stack, error) {
	st := &stack{}
	ports, err := freeAddresses(s.port)
	if err != nil {
		return st, err
	}
	if st.Directory, err = os.MkdirTemp("", "tracecore-demo-"); err != nil {
		return st, fmt.Errorf("make a directory: %w", err)
	}
	if st.backend, err = serveBackend(ports[2], out); err != nil {
		return st, err
	}
	st.Prometheus, st.Alertmanager, st.Backend = ports[0], ports[1], ports[2]
	for i, name := range []string{"gpu-node-1", "gpu-node-2"} {
		n := &node{Name: name, Page: ports[3+2*i], Health: ports[4+2*i], dir: filepath.Join(st.Directory, name)}
		st.Nodes = append(st.Nodes, n)
		if err := st.startNode(n, s.root, tools, ports[2]); err != nil {
			return st, err
		}
	}
	if err := st.startMonitoring(s.root, tools, ports[2]); err != nil {
		return st, err
	}
	if err := st.waitReady(ctx); err != nil {
		return st, err
	}
	return st, st.tell(s.addresses)
}

func (st *stack) launch(name string, env []string, program string, args ...string) error {
	p, err := launch(name, filepath.Join(st.Directory, name+".log"), env, program, args...)
	if err == nil {
		st.processes = append(st.processes, p)
		st.PIDs = append(st.PIDs, p.cmd.Process.Pid)
	}
	return err
}

func (st *stack) startNode(n *node, root string, tools map[string]string, backend string) error {
	scenarios, err := filepath.Abs(filepath.Join(root, "internal/dcgmsim/scenarios"))
	if err != nil {
		return fmt.Errorf("find scenarios: %w", err)
	}
	scenario, err := os.ReadFile(filepath.Join(scenarios, "h100x8.scenario"))
	if err != nil {
		return fmt.Errorf("read the scenario: %w", err)
	}
	// The nodes have different GPUs.
	own := strings.NewReplacer("GPU-a0f1", "GPU-"+n.Name[len(n.Name)-1:]+"0f1", "serial=16", "serial="+n.Name[len(n.Name)-1:]+"6").Replace(string(scenario))
	files := map[string]string{"node.yaml": string(nodeConfig), "node.scenario": own, "control": "", "kmsg": "", "jobs/.keep": ""}
	if err := writeFiles(n.dir, files); err != nil {
		return err
	}
	return st.launch(n.Name, []string{
		"LD_LIBRARY_PATH=" + filepath.Dir(tools["libdcgm"]), "DCGMSIM_INCLUDE=" + scenarios,
		"DCGMSIM_SCENARIO=" + filepath.Join(n.dir, "node.scenario"), "DCGMSIM_CONTROL=" + filepath.Join(n.dir, "control"),
		"HOST_NAME=" + n.Name, "DEMO_PAGE=" + n.Page, "DEMO_HEALTH=" + n.Health, "DEMO_BACKEND=http://" + backend,
		"DEMO_JOBS=" + filepath.Join(n.dir, "jobs"), "DEMO_KERNEL_LOG=" + filepath.Join(n.dir, "kmsg"),
	}, tools["agent"], "--config", filepath.Join(n.dir, "node.yaml"))
}

func (st *stack) startMonitoring(root string, tools map[string]string, backend string) error {
	files := map[string]string{"alertmanager.yaml": alertmanagerConfig(backend)}
	rules, err := demoRules(filepath.Join(root, "docs/alerts"))
	if err != nil {
		return err
	}
	for name, content := range rules {
		files["rules/"+name] = content
	}
	files["prometheus.yaml"] = prometheusConfig(st, filepath.Join(st.Directory, "rules/*"))
	if err := writeFiles(st.Directory, files); err != nil {
		return err
	}
	err = st.launch("prometheus", nil, tools["Prometheus"], "--config.file="+filepath.Join(st.Directory, "prometheus.yaml"),
		"--storage.tsdb.path="+filepath.Join(st.Directory, "tsdb"), "--web.listen-address="+st.Prometheus)
	return errors.Join(err, st.launch("alertmanager", nil, tools["Alertmanager"], "--config.file="+filepath.Join(st.Directory, "alertmanager.yaml"),
		"--storage.path="+filepath.Join(st.Directory, "alertmanager"), "--web.listen-address="+st.Alertmanager, "--cluster.listen-address="))
}

func writeFiles(dir string, files map[string]string) error {
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make a directory: %w", err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// waitReady waits until every process says that it is ready.
func (st *stack) waitReady(ctx context.Context) error {
	urls := []string{st.Prometheus + "/-/ready", st.Alertmanager + "/-/ready"}
	for _, n := range st.Nodes {
		urls = append(urls, n.Health+"/readyz")
	}
	for _, url := range urls {
		if err := st.until(ctx, startPatience, "http://"+url, func() bool { return answers(ctx, "http://"+url) }); err != nil {
			return err
		}
	}
	return nil
}

func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // Only the status counts.
	return resp.StatusCode == http.StatusOK
}

// until polls a condition and watches the processes meanwhile.
func (st *stack) until(ctx context.Context, patience time.Duration, what string, holds func() bool) error {
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			return fmt.Errorf("wait for %s: it did not come within %v", what, patience)
		}
		if err := st.pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// pause waits, unless a process ends or the demo is stopped.
func (st *stack) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for _, p := range st.processes {
		select {
		case <-p.ended:
			return p.failure()
		default:
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// wait returns when a process ends or the demo is stopped.
func (st *stack) wait(ctx context.Context) error {
	for {
		if err := st.pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// tell writes the addresses where a program looks for them.
func (st *stack) tell(path string) error {
	if path == "" {
		return nil
	}
	content, err := json.Marshal(st)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	return nil
}

// stop ends what was started, last first, and removes its files.
func (st *stack) stop() error {
	var errs []error
	for _, p := range slices.Backward(st.processes) {
		errs = append(errs, p.stop())
	}
	if st.backend != nil {
		errs = append(errs, st.backend.close())
	}
	if st.Directory != "" {
		errs = append(errs, os.RemoveAll(st.Directory))
	}
	return errors.Join(errs...)
}
