using System.Globalization;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;

namespace MlSystem.Training.Tests.Executors;

/// <summary>What the API server of a cluster refuses in a Job, as far as steps could get it wrong.</summary>
internal static partial class JobRules
{
    /// <summary>Every mistake, with its field.</summary>
    public static List<string> Check(string body, string space)
    {
        V1Job job;
        try
        {
            // JSON is YAML; strict refuses fields that the schema has not.
            job = (V1Job)KubernetesYaml.LoadAllFromString(body, null, strict: true).Single();
        }
        catch (Exception error) when (error is YamlDotNet.Core.YamlException or InvalidCastException or InvalidOperationException)
        {
            return [$"the body is no batch/v1 Job: {error.Message} {error.InnerException?.Message}"];
        }

        var pod = job.Spec?.Template?.Spec;
        return pod is null ? ["spec.template.spec: Required value"] :
        [
            .. Meta(job.Metadata, space),
            .. job.Status is null ? Array.Empty<string>() : ["status: must be empty"],
            .. Counts(job.Spec!),
            .. job.Spec!.Template.Metadata?.Labels is { } labels ? Labels(labels, "spec.template.metadata.labels") : [],
            .. pod.RestartPolicy is "Never" or "OnFailure" ? Array.Empty<string>() : [$"spec.template.spec.restartPolicy: Unsupported value: \"{pod.RestartPolicy}\""],
            .. pod.Containers is { Count: > 0 } ? pod.Containers.SelectMany(c => Container(c, pod)) : ["spec.template.spec.containers: Required value"],
            .. (pod.Volumes ?? []).Where(v => v.PersistentVolumeClaim is not { ClaimName.Length: > 0 } || !Name.IsMatch(v.Name)).Select(v => $"volume {v.Name}: must have a claim"),
        ];
    }

    private static IEnumerable<string> Meta(V1ObjectMeta? meta, string space)
    {
        if (meta?.Name is not { Length: > 0 and <= 63 } name || !Name.IsMatch(name))
        {
            yield return $"metadata.name: Invalid value: \"{meta?.Name}\"";
        }

        if (meta?.NamespaceProperty is { } given && given != space)
        {
            yield return $"metadata.namespace: the namespace of the object ({given}) does not match that of the request ({space})";
        }

        foreach (var mistake in Labels(meta?.Labels ?? new Dictionary<string, string>(), "metadata.labels"))
        {
            yield return mistake;
        }
    }

    private static IEnumerable<string> Labels(IDictionary<string, string> labels, string field) =>
        labels.Where(l => !LabelName.IsMatch(l.Key) || !LabelValue.IsMatch(l.Value)).Select(l => $"{field}: Invalid value: \"{l.Key}={l.Value}\"");

    private static IEnumerable<string> Counts(V1JobSpec spec)
    {
        if (spec.ActiveDeadlineSeconds is <= 0)
        {
            yield return "spec.activeDeadlineSeconds: must be greater than 0";
        }

        if (spec.BackoffLimit is < 0 || spec.TtlSecondsAfterFinished is < 0 || spec.Completions is < 1 || spec.Parallelism is < 1)
        {
            yield return "spec: counts must not be negative";
        }

        if (spec.Selector is not null)
        {
            yield return "spec.selector: must not be set";
        }
    }

    private static IEnumerable<string> Container(V1Container container, V1PodSpec pod)
    {
        if (container.Name is null || !Name.IsMatch(container.Name) || string.IsNullOrWhiteSpace(container.Image))
        {
            yield return "containers: name and image are required";
        }

        foreach (var variable in (container.Env ?? []).Where(e => !Variable.IsMatch(e.Name)))
        {
            yield return $"env: Invalid value: \"{variable.Name}\"";
        }

        foreach (var mount in (container.VolumeMounts ?? []).Where(m => !m.MountPath.StartsWith('/') || (pod.Volumes ?? []).All(v => v.Name != m.Name)))
        {
            yield return $"volumeMounts: Not found: \"{mount.Name}\"";
        }

        foreach (var (resource, limit) in container.Resources?.Limits ?? new Dictionary<string, ResourceQuantity>())
        {
            if (container.Resources!.Requests is { } requests && requests.TryGetValue(resource, out var request) && request.ToDecimal() > limit.ToDecimal())
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"resources.requests: must be less than or equal to {resource} limit");
            }
        }
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name { get; }

    [GeneratedRegex("^[-._a-zA-Z][-._a-zA-Z0-9]*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable { get; }

    [GeneratedRegex(@"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelName { get; }

    [GeneratedRegex("^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelValue { get; }
}
