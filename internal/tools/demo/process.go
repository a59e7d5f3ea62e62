// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// stopPatience is how long a process may take to end before it is killed.
const stopPatience = 10 * time.Second

// A process is one of those that the demo started.
type process struct {
	name, log string
	cmd       *exec.Cmd
	ended     chan struct{}
}

// launch starts a program whose output goes to a log file. It is in a process group of its own: the terminal's Ctrl-C
// reaches the demo alone, which stops the others in order.
func launch(name, log string, env []string, program string, args ...string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	defer file.Close() //nolint:errcheck // The child has its own descriptor.
	p := &process{name: name, log: log, cmd: exec.Command(program, args...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // failure says how it ended.
		close(p.ended)
	}()
	return p, nil
}

// failure is the error of a process that has ended without being asked, with the end of its log.
func (p *process) failure() error {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return fmt.Errorf("run %s: it ended (%v), and its log cannot be read: %w", p.name, p.cmd.ProcessState, err)
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return fmt.Errorf("run %s: it ended (%v):\n%s", p.name, p.cmd.ProcessState, strings.Join(lines[max(0, len(lines)-8):], "\n"))
}

// stop asks the process to end, and kills its group if it does not.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // It may have ended.
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopPatience):
	}
	err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	return nil
}
