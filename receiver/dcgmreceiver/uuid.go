// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// uuidOf returns the UUID that a sample tells, "" if it is none.
func uuidOf(s dcgm.Sample) string {
	if text := textOf(s); gpuUUID.MatchString(text) {
		return text
	}
	return ""
}

// dropIdentity makes a sample blank that can be no identity.
func (c *collector) dropIdentity(s *dcgm.Sample) {
	s.Reason = dcgm.Blank
	c.tally.drop(implausible)
}

// dropImplausible makes blank what can be no identity, so that what is known is kept.
func (c *collector) dropImplausible(byGPU map[dcgm.Entity]map[dcgm.FieldID]dcgm.Sample) {
	for _, samples := range byGPU {
		if s := samples[fieldUUID]; s.Reason == dcgm.OK && s.Type != 0 && uuidOf(s) == "" {
			c.dropIdentity(&s)
			samples[fieldUUID] = s
		}
	}
}

// dropDuplicates makes blank the UUID of a GPU that another one has.
func (c *collector) dropDuplicates(byGPU map[dcgm.Entity]map[dcgm.FieldID]dcgm.Sample) {
	owners, before := c.owners(byGPU), c.duplicates
	c.duplicates = map[dcgm.Entity]string{}
	for _, entity := range c.entities {
		s := byGPU[entity][fieldUUID]
		uuid := uuidOf(s)
		if uuid == "" || owners[uuid] == entity {
			continue
		}
		c.dropIdentity(&s)
		byGPU[entity][fieldUUID] = s
		c.duplicates[entity] = uuid
		if before[entity] != uuid {
			c.logger.Warn("two GPUs have the same UUID, one of them goes without",
				zap.String("hw.id", uuid), zap.Uint32("gpu", owners[uuid].ID), zap.Uint32("without", entity.ID))
		}
	}
}

// owners says whose each UUID is: of the GPU that had it before, else of the first that tells it.
func (c *collector) owners(byGPU map[dcgm.Entity]map[dcgm.FieldID]dcgm.Sample) map[string]dcgm.Entity {
	owners := map[string]dcgm.Entity{}
	for _, entity := range c.entities {
		uuid := uuidOf(byGPU[entity][fieldUUID])
		g, known := c.known[uuid]
		if _, owned := owners[uuid]; !owned || known && g.entity == entity {
			owners[uuid] = entity
		}
	}
	return owners
}

// identified returns the GPU with a UUID that has a number, nil if there is none.
func (c *collector) identified(entity dcgm.Entity) *gpu {
	for _, g := range c.known {
		if g.entity == entity && g.id != unidentified(entity) {
			return g
		}
	}
	return nil
}
