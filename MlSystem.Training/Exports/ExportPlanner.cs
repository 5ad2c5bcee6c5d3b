using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Training.Executors.Kubernetes;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Exports;

/// <summary>Makes the plan of a pipeline's export.</summary>
public sealed partial class ExportPlanner(
    StepPlan steps, IConfiguration configuration, DataDirectory data, IOptions<RunOptions> runs, IOptions<KubernetesOptions> kubernetes)
{
    /// <summary>Linux takes at most 128 KiB as one argument; some of it is left for what orchestrators add.</summary>
    private const int MaxDefinition = 96 * 1024;

    /// <exception cref="ExportException">It cannot be exported like this.</exception>
    internal ExportPlan Plan(PipelineView pipeline, ExportRequest request)
    {
        var definition = pipeline.Definition;
        var text = Definition(definition);
        var names = steps.For(new RunRow { Id = "", Pipeline = pipeline.Name, PipelineVersion = pipeline.Version, CreatedAt = pipeline.CreatedAt, State = RunState.Queued, TriggerKind = "manual" }, definition).Select(s => s.Name).ToList();
        var site = Site(request);
        return new ExportPlan
        {
            Pipeline = pipeline.Name,
            Version = pipeline.Version,
            Description = definition.Description,
            CreatedAt = pipeline.CreatedAt,
            Concurrency = definition.Execution.Concurrency,
            Site = site,
            Environment = KubernetesExecutor.Environment(configuration, site.DataDirectory),
            Steps = [.. names.Select(name => Step(name, string.Join(',', names), text, definition.Execution))],
            Triggers = definition.Triggers,
        };
    }

    private ExportStep Step(string name, string names, string definition, ExecutionSpec execution)
    {
        var policy = StepPolicy.Of(execution, name, runs.Value);
        return new ExportStep(name, names, definition, policy.Attempts, policy.RetryDelay, policy.MaxRetryDelay, policy.Timeout, policy.Executor);
    }

    private ExportSite Site(ExportRequest request)
    {
        var options = kubernetes.Value;
        return new ExportSite(
            request.Image ?? options.Image ?? throw new ExportException("No image is known: ask with ?image=…, or set Training:Kubernetes:Image."),
            options.Program,
            request.VolumeClaim ?? options.VolumeClaim ?? throw new ExportException("No volume claim is known on which steps find each other's files: ask with ?volume_claim=…, or set Training:Kubernetes:VolumeClaim."),
            options.SubPath,
            request.DataDirectory ?? data.Root)
        {
            ServiceAccount = options.ServiceAccount,
            Namespace = options.Namespace,
            Secrets = [.. options.EnvironmentSecrets],
            ConfigMaps = [.. options.EnvironmentConfigMaps],
            PullSecrets = [.. options.ImagePullSecrets],
        };
    }

    /// <summary>The definition as one argument: without what the other orchestrator does itself, in ASCII, and with nothing in it that looks like a template.</summary>
    private static string Definition(PipelineDefinition definition)
    {
        var bare = definition with { Description = null, Triggers = [], Budget = null, Execution = new ExecutionSpec() };
        var text = Template.Replace(JsonSerializer.Serialize(bare, TrainingJson.Default.PipelineDefinition), @"\u007b");
        var size = Encoding.UTF8.GetByteCount(text);
        return size <= MaxDefinition
            ? text
            : throw new ExportException($"The definition has {size} bytes and must travel as an argument of at most {MaxDefinition}: put rows that stand in it into a file.");
    }

    /// <summary>In JSON a brace before one of these can only stand in a text.</summary>
    [GeneratedRegex(@"\{(?=[{%#])", RegexOptions.None, 1000)]
    private static partial Regex Template { get; }
}

/// <summary>What an export is asked with; null takes the service's options.</summary>
internal sealed record ExportRequest(string? Image, string? VolumeClaim, string? DataDirectory);

/// <summary>A pipeline cannot be exported; the message says what is missing.</summary>
internal sealed class ExportException(string message) : Exception(message);
