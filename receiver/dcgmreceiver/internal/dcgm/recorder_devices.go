// SPDX-License-Identifier: Apache-2.0

package dcgm

type cpuLine struct {
	Cores    []uint32 `json:"cores"`
	EntityID uint32   `json:"entity_id"`
	Kind     string   `json:"kind"`
	Serial   string   `json:"serial"`
	T        float64  `json:"t"`
}

func cpuLines(t float64, processors []Processor) (lines []any) {
	for _, p := range processors {
		lines = append(lines, cpuLine{Kind: "cpu", T: t, EntityID: p.ID, Serial: p.Serial, Cores: p.Cores})
	}
	return lines
}

type peersLine struct {
	EntityID int     `json:"entity_id"`
	Kind     string  `json:"kind"`
	States   []int   `json:"states"` // by number of the peer
	T        float64 `json:"t"`
}

func peersLines(t float64, states [][]PeerState) (lines []any) {
	for gpu, row := range states {
		line := peersLine{Kind: "peers", T: t, EntityID: gpu}
		for _, state := range row {
			line.States = append(line.States, int(state))
		}
		lines = append(lines, line)
	}
	return lines
}
