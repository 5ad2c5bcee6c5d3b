using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.ServiceDefaults.Storage;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>Finds finished steps of earlier runs, also of other pipelines, that had exactly the same inputs, and takes their files over.</summary>
public sealed class StepCache(IDbContextFactory<TrainingContext> contexts, DataDirectory data)
{
    /// <summary>Earlier steps whose files are looked for; more have the same files.</summary>
    private const int Candidates = 5;

    private static readonly string CodeVersion =
        typeof(StepCache).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion + "/" + typeof(StepCache).Module.ModuleVersionId;

    /// <summary>SHA-256 of step, program, the definition's sections and the outputs of the steps before; null when the step is not to be cached.</summary>
    /// <param name="before">Outputs of every step in front, in order.</param>
    public static string? Key(IStep step, PipelineDefinition definition, IReadOnlyList<(string Step, IReadOnlyList<StepOutput> Outputs)> before)
    {
        var wanted = definition.Execution.Steps.GetValueOrDefault(step.Name)?.Cache ?? definition.Execution.Cache;
        if (!wanted || !step.CanCache(definition) || step.CacheSections is not { } sections)
        {
            return null;
        }

        var whole = JsonSerializer.SerializeToNode(definition, TrainingJson.Default.PipelineDefinition)!.AsObject();
        var text = new StringBuilder(step.Name).Append('\n').Append(CodeVersion).Append('\n');
        foreach (var section in sections)
        {
            text.Append(section).Append('=').Append(whole[section]?.ToJsonString()).Append('\n');
        }

        foreach (var output in before.SelectMany(b => b.Outputs.Select(o => $"{b.Step}/{o.Path}={o.Sha256}\n")))
        {
            text.Append(output);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>Puts an earlier step's files into this run's folder.</summary>
    /// <returns>The run they came from and the files; null when no earlier step has this key and all its files.</returns>
    public async Task<(string RunId, IReadOnlyList<StepOutput> Outputs)?> TakeAsync(string key, string step, RunFolder target, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await context.Steps.AsNoTracking().Where(s => s.CacheKey == key && s.State == StepState.Succeeded && s.CachedFrom == null)
            .OrderByDescending(s => s.RunId).Take(Candidates).ToListAsync(cancellationToken);
        foreach (var row in found)
        {
            var source = RunFolder.PathOf(Path.Combine(data.Own, "runs", row.RunId), row.Index, row.Name);
            var wanted = JsonSerializer.Deserialize(row.Outputs!, TrainingJson.Default.IReadOnlyListStepOutput)!;
            if (Directory.Exists(source) && await CopyAsync(source, wanted, step, target, cancellationToken))
            {
                return (row.RunId, wanted);
            }
        }

        return null;
    }

    private static async Task<bool> CopyAsync(string source, IReadOnlyList<StepOutput> wanted, string step, RunFolder target, CancellationToken cancellationToken)
    {
        try
        {
            var draft = target.Begin(step);
            foreach (var file in wanted)
            {
                File.Copy(Path.Combine(source, file.Path), Path.Combine(draft, file.Path));
            }

            return (await target.CommitAsync(step, cancellationToken)).SequenceEqual(wanted);
        }
        catch (IOException)
        {
            // Deleted in between, or incomplete: the step does its work itself.
            return false;
        }
    }
}
