using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using MlSystem.Contracts;

namespace MlSystem.Registry.Models;

/// <summary>Checks a version's <c>execution.json</c>.</summary>
internal static class ExecutionFile
{
    private static readonly string[] Known = [.. ContractsJson.Default.ExecutionSettings.Properties.Select(property => property.Name)];

    /// <summary>Every mistake at once; null when there is none or no file.</summary>
    public static string? Problem(string? json)
    {
        if (json is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(json);
        var settings = document.Deserialize(ContractsJson.Default.ExecutionSettings)!;
        var problems = new List<ValidationResult>();
        Validator.TryValidateObject(settings, new ValidationContext(settings), problems, validateAllProperties: true);
        string[] all =
        [
            .. document.RootElement.EnumerateObject().Select(property => property.Name).Except(Known, StringComparer.Ordinal)
                .Select(name => $"'{name}' is not a setting; settings are {string.Join(", ", Known)}"),
            .. problems.Select(problem => problem.ErrorMessage!),
            .. BatchProblems(settings.WarmUpBatchSizes ?? []),
        ];
        return all.Length == 0 ? null : $"{ModelFiles.Execution}: {string.Join("; ", all)}";
    }

    private static IEnumerable<string> BatchProblems(IReadOnlyList<int> sizes)
    {
        if (sizes.Count > ExecutionSettings.MaxWarmUpBatches)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"warm_up_batch_sizes has {sizes.Count} sizes, at most {ExecutionSettings.MaxWarmUpBatches} are allowed");
        }

        foreach (var size in sizes.Where(size => size is < 1 or > ExecutionSettings.MaxWarmUpBatchSize))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"warm_up_batch_sizes has {size}, allowed is 1 to {ExecutionSettings.MaxWarmUpBatchSize}");
        }
    }
}
