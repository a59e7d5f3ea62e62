// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

const (
	attribution     = "agent-attribution.yaml"
	helmAttribution = "helm-agent-attribution.values.yaml"

	podResources = "/var/lib/kubelet/pod-resources"
)

// The agent that asks the kubelet differs from the one that does not by root without capabilities, and by one folder.
func TestTheAgentThatAsksTheKubeletHasOneFolderMore(t *testing.T) {
	with, without := readManifest(t, attribution), readManifest(t, "agent.yaml")
	requireOneFolder(t, with.template.Spec)
	spec := with.template.Spec.DeepCopy()
	takeFolderAway(spec)
	spec.SecurityContext = without.template.Spec.SecurityContext
	require.Equal(t, without.template.Spec, *spec)
	require.Equal(t, without.policies, with.policies)
	requireRestricted(t, *spec)

	values, base := readValues(t, helmAttribution), readValues(t, "helm-agent.values.yaml")
	pod := values.pod()
	pod.Containers[0].SecurityContext = base.SecurityContext
	requireOneFolder(t, pod)
	takeFolderAway(&pod)
	require.Equal(t, base.ExtraVolumes, pod.Volumes)
	require.Equal(t, base.ExtraVolumeMounts, pod.Containers[0].VolumeMounts)
}

func requireOneFolder(t *testing.T, spec corev1.PodSpec) {
	t.Helper()
	require.Zero(t, *spec.SecurityContext.RunAsUser)
	paths := map[string]string{}
	for _, volume := range spec.Volumes {
		if volume.HostPath != nil {
			paths[volume.Name] = volume.HostPath.Path
		}
	}
	require.Equal(t, map[string]string{"pod-resources": podResources}, paths)
	container := spec.Containers[0]
	require.Equal(t, []corev1.Capability{"ALL"}, container.SecurityContext.Capabilities.Drop)
	require.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
	require.False(t, *container.SecurityContext.AllowPrivilegeEscalation)
	require.False(t, spec.HostNetwork || spec.HostPID || spec.HostIPC)
	require.Contains(t, container.VolumeMounts, corev1.VolumeMount{Name: "pod-resources", MountPath: podResources, ReadOnly: true})
}

func takeFolderAway(spec *corev1.PodSpec) {
	var volumes []corev1.Volume
	for _, volume := range spec.Volumes {
		if volume.HostPath == nil {
			volumes = append(volumes, volume)
		}
	}
	spec.Volumes = volumes
	for i := range spec.Containers {
		var mounts []corev1.VolumeMount
		for _, mount := range spec.Containers[i].VolumeMounts {
			if mount.Name != "pod-resources" {
				mounts = append(mounts, mount)
			}
		}
		spec.Containers[i].VolumeMounts = mounts
	}
}
