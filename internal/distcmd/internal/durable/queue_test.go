// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
)

type withQueue struct {
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
}

type embeddingQueue struct {
	exporterhelper.QueueBatchConfig `mapstructure:",squash"`
}

type withItself struct {
	Next  *withItself
	Queue *exporterhelper.QueueBatchConfig
}

func stored() exporterhelper.QueueBatchConfig {
	id := component.NewID(fileStorage)
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.StorageID = &id
	return queue
}

func TestPersistentQueuesAreFoundWhereverExportersKeepThem(t *testing.T) {
	memory, disk := exporterhelper.NewDefaultQueueConfig(), stored()
	circle := &withItself{}
	circle.Next = circle
	diskInCircle := &withItself{Next: &withItself{Queue: &disk}}
	diskInCircle.Next.Next = diskInCircle
	for name, tt := range map[string]struct {
		cfg  component.Config
		want bool
	}{
		"no settings":              {nil, false},
		"no queue":                 {&struct{ Name string }{"storage"}, false},
		"off":                      {&withQueue{configoptional.None[exporterhelper.QueueBatchConfig]()}, false},
		"in memory":                {&withQueue{configoptional.Some(memory)}, false},
		"by default in memory":     {&withQueue{configoptional.Default(memory)}, false},
		"on disk":                  {&withQueue{configoptional.Some(disk)}, true},
		"by value":                 {withQueue{configoptional.Some(disk)}, true},
		"embedded":                 {&embeddingQueue{disk}, true},
		"embedded in memory":       {&embeddingQueue{memory}, false},
		"of an exporter inside":    {&struct{ Protocol struct{ OTLP any } }{struct{ OTLP any }{&withQueue{configoptional.Some(disk)}}}, true},
		"in a list":                {&struct{ Backends []withQueue }{[]withQueue{{}, {configoptional.Some(disk)}}}, true},
		"in a map":                 {&struct{ Backends map[string]*withQueue }{map[string]*withQueue{"a": {configoptional.Some(disk)}}}, true},
		"in a circle":              {circle, false},
		"on disk in a circle":      {diskInCircle, true},
		"the second of two queues": {&[2]withQueue{{configoptional.Some(memory)}, {configoptional.Some(disk)}}, true},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, hasPersistentQueue(tt.cfg)) })
	}
}

func TestQueuesAreFoundInWhatARealExporterReads(t *testing.T) {
	for name, tt := range map[string]struct {
		queue map[string]any
		want  bool
	}{
		"default":  {nil, false},
		"on disk":  {map[string]any{"storage": "file_storage"}, true},
		"disabled": {map[string]any{"enabled": false, "storage": "file_storage"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := otlpexporter.NewFactory().CreateDefaultConfig()
			require.NoError(t, confmap.NewFromStringMap(map[string]any{"sending_queue": tt.queue}).Unmarshal(cfg))
			require.Equal(t, tt.want, hasPersistentQueue(cfg))
		})
	}
}
