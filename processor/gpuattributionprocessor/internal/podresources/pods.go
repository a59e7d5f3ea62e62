// SPDX-License-Identifier: Apache-2.0

package podresources

import (
	"errors"
	"regexp"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

// listPodsMethod is that of the kubelet's pods API. The module that has its types, k8s.io/kubelet 0.37, raises k8s.io/api
// beyond what client-go of this Collector's line compiles with.
const listPodsMethod = "/v1alpha1.Pods/ListPods"

// Fields of the pods API, of core/v1 Pod and of its metadata, which Kubernetes never renumbers. Its own types would add 7 MB
// to every binary.
const (
	listPods          = 1
	podMetadata       = 1
	podStatus         = 3
	statusPhase       = 1
	metadataName      = 1
	metadataNamespace = 3
	metadataUID       = 5
	metadataLabels    = 11
	entryKey          = 1
	entryValue        = 2
)

// decodePods reads the answer of the pods API: a marshalled pod in each field.
func decodePods(list []byte, allowed []*regexp.Regexp) (map[podKey]Pod, error) {
	pods := map[podKey]Pod{}
	err := eachField(list, func(field protowire.Number, text []byte) error {
		if field != listPods {
			return nil
		}
		key, pod, err := decodePod(text, allowed)
		if err == nil {
			pods[key] = pod
		}
		return err
	})
	return pods, err
}

// decodePod reads the metadata of a marshalled pod, with the labels that may be shown.
func decodePod(pod []byte, allowed []*regexp.Regexp) (podKey, Pod, error) {
	var key podKey
	var out Pod
	labels := map[string]string{}
	err := eachField(pod, func(field protowire.Number, metadata []byte) error {
		switch field {
		case podMetadata:
		case podStatus:
			return out.takeStatus(metadata)
		default:
			return nil
		}
		return eachField(metadata, func(field protowire.Number, value []byte) error {
			switch field {
			case metadataName:
				key.name = string(value)
			case metadataNamespace:
				key.namespace = string(value)
			case metadataUID:
				out.UID = string(value)
			case metadataLabels:
				return addLabel(labels, value, allowed)
			}
			return nil
		})
	})
	out.Labels = holders.EncodeLabels(labels)
	return key, out, err
}

// takeStatus reads from a pod's status whether all of its containers have ended for good.
func (p *Pod) takeStatus(text []byte) error {
	return eachField(text, func(field protowire.Number, value []byte) error {
		if field == statusPhase {
			p.Finished = string(value) == "Succeeded" || string(value) == "Failed"
		}
		return nil
	})
}

func addLabel(labels map[string]string, entry []byte, allowed []*regexp.Regexp) error {
	var key, value string
	err := eachField(entry, func(field protowire.Number, text []byte) error {
		switch field {
		case entryKey:
			key = string(text)
		case entryValue:
			value = string(text)
		}
		return nil
	})
	for _, pattern := range allowed {
		if pattern.MatchString(key) {
			labels[key] = value
			break
		}
	}
	return err
}

// eachField calls visit with every field of a message that is text, bytes or a message.
func eachField(message []byte, visit func(protowire.Number, []byte) error) error {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errors.Join(errors.New("decode pod"), protowire.ParseError(n))
		}
		message = message[n:]
		size := protowire.ConsumeFieldValue(field, kind, message)
		if size < 0 {
			return errors.Join(errors.New("decode pod"), protowire.ParseError(size))
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			if err := visit(field, value); err != nil {
				return err
			}
		}
		message = message[size:]
	}
	return nil
}
