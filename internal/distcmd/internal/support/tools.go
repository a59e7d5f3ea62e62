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

// tool is a command that reports what of NVIDIA's is installed and how the GPUs are connected.
// They are asked, rather than their libraries, as those could take this process down.
type tool struct {
	name string
	args []string
}

// dying is how long a tool may take to end once its time is up.
const dying = time.Second

// ToolEntries are what NVIDIA's tools print, where they are installed. The host engine that
// is asked is the one of the configuration's dcgm receiver, if it has one.
func ToolEntries(config map[string]any) []Entry {
	discovery := []string{"dcgmi", "discovery", "-l"}
	if host := hostEngine(config); host != "" {
		discovery = append(discovery, "--host", host)
	}
	var entries []Entry
	for _, tool := range []tool{
		{"dcgm/version.txt", []string{"dcgmi", "-v"}},
		{"dcgm/discovery.txt", discovery},
		{"nvidia-smi/gpus.txt", []string{"nvidia-smi", "-L"}},
		{"nvidia-smi/topology.txt", []string{"nvidia-smi", "topo", "-m"}},
	} {
		entries = append(entries, Entry{Name: tool.name, From: strings.Join(tool.args, " "), Collect: func(ctx context.Context) ([]byte, error) {
			return run(ctx, tool.args[0], tool.args[1:]...)
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
	output := &window{}
	cmd.Stdout, cmd.Stderr = output, output
	err = cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("%s does not end: %w", name, ctx.Err())
	}
	return output.kept, err
}
