// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// levelsOfDCGM are the lowest kinds of entities that have a value of their own, as the library says.
func levelsOfDCGM(t *testing.T) map[dcgm.FieldID]Kinds {
	t.Helper()
	text, err := os.ReadFile("../../../../internal/dcgmsim/fields.tsv")
	require.NoError(t, err)
	kinds := map[string]Kinds{"GPU_I": KindsOf(dcgm.GPU, dcgm.GPUInstance), "GPU_CI": instances, "SWITCH": switches, "LINK": links, "CPU": cpus, "CPU_CORE": cores}
	levels := map[dcgm.FieldID]Kinds{}
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(strings.TrimSpace(line), "\t")
		if id, err := strconv.ParseUint(columns[0], 10, 16); err == nil {
			levels[dcgm.FieldID(id)] = cmp.Or(kinds[columns[4]], gpus)
		}
	}
	return levels
}

func TestEntitiesHaveTheFieldsThatDCGMSaysTheyHave(t *testing.T) {
	levels := levelsOfDCGM(t)
	for _, r := range rows {
		for _, src := range r.Sources {
			for _, field := range src.Fields {
				require.Equal(t, levels[field], LevelOf(field), "field %d of %s", field, r.Name)
			}
		}
	}
}

func TestMetricsOfInstancesCarryTheAttributesOfInstances(t *testing.T) {
	for i := range metrics {
		m := &metrics[i]
		atInstances := strings.HasPrefix(m.Name, "gpu.xid.") || slices.ContainsFunc(rows, func(r Row) bool { return r.Metric == m && r.Kinds.Has(dcgm.GPUInstance) })
		require.Equal(t, atInstances, m.OfInstance, m.Name)
	}
}

// mig.md says which metric means what of a MIG instance.
func TestMIGTable(t *testing.T) {
	var b strings.Builder
	b.WriteString(migIntroduction)
	for i := range metrics {
		if m := &metrics[i]; m.OfInstance && fieldsAt(m) != "" {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.Name, seriesAt(m, dcgm.GPU), seriesAt(m, dcgm.GPUInstance), seriesAt(m, dcgm.ComputeInstance), fieldsAt(m))
		}
	}
	b.WriteString(migEnd)
	requireFile(t, "../../mig.md", b.String())
}

// seriesAt are the values of the attributes of a metric's series at a kind of entity.
func seriesAt(m *Metric, kind dcgm.EntityKind) string {
	var out []string
	for _, r := range rows {
		if r.Metric != m || !r.Kinds.Has(kind) {
			continue
		}
		var attrs []string
		for _, a := range r.Attrs {
			attrs = append(attrs, a.Value)
		}
		out = append(out, strings.Join(attrs, " "))
	}
	switch text := strings.Join(out, ", "); {
	case len(out) == 0:
		return ""
	case text == "":
		return "yes"
	default:
		return text
	}
}

// fieldsAt are the fields that a metric is made of at MIG instances.
func fieldsAt(m *Metric) string {
	var ids []string
	for _, r := range rows {
		for i := range r.Sources {
			if r.Metric != m || !r.Sources[i].kindsOf().Has(dcgm.GPUInstance) {
				continue
			}
			for _, field := range r.Sources[i].Fields {
				if id := fmt.Sprint(field); !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	return strings.Join(ids, ", ")
}

const migIntroduction = `<!-- Written by the tests of internal/catalog. -->
# MIG instances

A GPU with MIG, its GPU instances and their compute instances are all read at once. A metric is emitted at a level only where DCGM
has a value of the instance's own: asked for any other field, a host engine answers with the GPU's value, which
would be counted once for each instance. Where DCGM's field table gives the level of a field as GPU, instances have none.

| metric | GPU | GPU instance | compute instance | DCGM fields |
| --- | --- | --- | --- | --- |
`

const migEnd = "| `gpu.xid.errors`, `gpu.xid.last` | yes | yes | yes | 230 |" + `

All other metrics are of the GPU alone: power, energy, temperature, clocks, PCIe, NVLink, ECC, throttling and errors. DCGM has no
` + "`203` to `207`" + ` (utilization by time) of a GPU with MIG: there, ` + "`hw.gpu.utilization`" + ` comes from profiling or is absent.

- **Never sum over levels.** Memory in use of a GPU, of its GPU instances and of their compute instances is the same memory. Points about a GPU
  have no ` + "`gpu.mig.gi`" + `, those about a GPU instance no ` + "`gpu.mig.ci`" + `. Compute instances of one GPU instance share its memory.
- **Ratios are of the instance**: 1 is all of its streaming multiprocessors. Their sum is not the GPU's, which weighs them by size.
- **` + "`hw.id`" + ` of a GPU instance** is the UUID of its first compute instance, as NVIDIA names MIG devices; ` + "`gpu.mig.ci`" + ` tells the two apart.
- **` + "`hw.parent`" + `** is the UUID of the GPU at both levels, ` + "`hw.name`" + ` its device file and ` + "`hw.model`" + ` its model.
- **` + "`gpu.mig.profile`" + `** is what the host engine calls it, such as ` + "`1g.10gb`, `7g.79gb` or `1g.10gb+me`" + `.
- **Another layout** is seen at the next collection, without a restart. An instance with another UUID is another entity, whatever its number:
  its series restart, and those of the one before end at once, but for its XIDs: they go on for an hour.
`
