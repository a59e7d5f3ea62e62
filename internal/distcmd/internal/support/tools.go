// SPDX-License-Identifier: Apache-2.0

package support

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// tools are the commands that tell what of NVIDIA's is installed and how the GPUs are
// connected. They are asked, rather than their libraries, as those could take this process down.
var tools = []struct{ name, command string }{
	{"dcgm/version.txt", "dcgmi -v"},
	{"dcgm/discovery.txt", "dcgmi discovery -l"},
	{"nvidia-smi/gpus.txt", "nvidia-smi -L"},
	{"nvidia-smi/topology.txt", "nvidia-smi topo -m"},
}

// dying is how long a tool may take to end once its time is up.
const dying = time.Second

// ToolEntries are what NVIDIA's tools print, where they are installed.
func ToolEntries() []Entry {
	var entries []Entry
	for _, tool := range tools {
		args := strings.Fields(tool.command)
		entries = append(entries, Entry{Name: tool.name, From: tool.command, Collect: func(ctx context.Context) ([]byte, error) {
			return run(ctx, args[0], args[1:]...)
		}})
	}
	return entries
}

func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	path, err := exec.LookPath(name)
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("%s is not installed", name)
	}
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = dying
	output, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("%s does not end: %w", name, ctx.Err())
	}
	return output, err
}
