// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"context"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/hostidentity"
)

// node knows which data is of this node: only its GPUs are those of this node's kubelet and jobs.
type node struct {
	configured string
	logger     *zap.Logger
	host       hostidentity.Host
	said       atomic.Bool
}

func newNode(configured string, logger *zap.Logger) *node {
	return &node{configured: configured, logger: logger}
}

func (n *node) detect(ctx context.Context) {
	host, err := hostidentity.Detect(ctx)
	if err != nil {
		n.logger.Info("identity of the host is incomplete", zap.Error(err))
	}
	n.host = host
}

// foreign reports whether a resource names a node, and none of the names is this one's.
func (n *node) foreign(attrs pcommon.Map) bool {
	named := false
	for _, key := range []string{"host.id", "host.name", "k8s.node.name"} {
		value, has := attrs.Get(key)
		if !has || value.Str() == "" || (key == "host.id" && n.host.ID == "") {
			continue
		}
		if n.mine(value.Str()) {
			return false
		}
		named = true
	}
	return named && n.refuse(attrs)
}

// foreignPoint does the same with the label that dcgm-exporter gives each of its series.
func (n *node) foreignPoint(attrs pcommon.Map) bool {
	value, has := attrs.Get("Hostname")
	if !has {
		value, has = attrs.Get("hostname")
	}
	return has && value.Str() != "" && !n.mine(value.Str()) && n.refuse(attrs)
}

func (n *node) mine(name string) bool {
	for _, own := range [...]string{n.configured, n.host.Name, n.host.ID} {
		if own != "" && (strings.EqualFold(own, name) || strings.EqualFold(short(own), name) || strings.EqualFold(own, short(name))) {
			return true
		}
	}
	return false
}

// short is a name without its domain.
func short(name string) string {
	host, _, _ := strings.Cut(name, ".")
	return host
}

func (n *node) refuse(attrs pcommon.Map) bool {
	if !n.said.Swap(true) {
		n.logger.Warn("data of another node gets no holders: run the processor on that node, or set node to its name",
			zap.Any("data", attrs.AsRaw()), zap.String("host.name", n.host.Name), zap.String("node", n.configured))
	}
	return true
}
