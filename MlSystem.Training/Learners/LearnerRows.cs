using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Rows;
using MlSystem.Training.Learners.Sessions;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Learners;

/// <summary><c>POST /api/learners/{l}/events</c>: labelled rows, all checked before any is stored.</summary>
internal static class LearnerRows
{
    private const int MostErrors = 20;
    private const string EventType = "mlsystem.learner_row.v1";

    /// <summary>Takes one row, an array of rows, or rows as lines (<c>application/x-ndjson</c>). 202: they are durable and will be learnt once, in this order.</summary>
    public static async Task<Results<Accepted<RowsAccepted>, ProblemHttpResult>> PostAsync(
        string learner, HttpContext http, LearnerStore learners, IEventLog log, IOptions<LearnerOptions> options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await learners.FindAsync(learner, cancellationToken) is not { } found)
        {
            return await LearnerEndpoints.NoLearnerAsync(learners, learner, cancellationToken);
        }

        if (found.Definition.Source.Kind != LearnerSource.Events)
        {
            return Problems.Conflict($"Learner '{learner}' reads the source '{found.Definition.Source.Kind}'; only one with the source 'events' takes posted rows.");
        }

        var (rows, problem) = await ReadAsync(http.Request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (rows.Count == 0 || rows.Count > options.Value.MaxRowsPerRequest)
        {
            return Problems.Invalid(string.Create(CultureInfo.InvariantCulture, $"{rows.Count} rows: 1 to {options.Value.MaxRowsPerRequest} are accepted in one request."));
        }

        var errors = Check(found.Definition, rows);
        if (errors.Count > 0)
        {
            return Problems.Invalid("No row was stored: some have errors.", errors);
        }

        var now = time.GetUtcNow();
        await log.AppendAsync(LearnerTopic.Of(learner), [.. rows.Select(row => Event(found, row, now))], cancellationToken);
        return TypedResults.Accepted($"/api/learners/{learner}", new RowsAccepted(rows.Count));
    }

    private static async Task<(List<byte[]> Rows, ProblemHttpResult? Problem)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        if (request.ContentType?.Contains("ndjson", StringComparison.OrdinalIgnoreCase) == true)
        {
            return ([.. Lines(body.ToArray())], null);
        }

        try
        {
            using var document = JsonDocument.Parse(body.ToArray());
            return document.RootElement.ValueKind == JsonValueKind.Array
                ? ([.. document.RootElement.EnumerateArray().Select(r => JsonSerializer.SerializeToUtf8Bytes(r, TrainingJson.Default.JsonElement))], null)
                : ([body.ToArray()], null);
        }
        catch (JsonException error)
        {
            return ([], Problems.Invalid($"The body is not JSON: {error.Message}"));
        }
    }

    private static IEnumerable<byte[]> Lines(byte[] body)
    {
        for (var start = 0; start < body.Length;)
        {
            var end = Array.IndexOf(body, (byte)'\n', start) is var found and >= 0 ? found : body.Length;
            var line = body.AsSpan(start, end - start).Trim(" \r\t"u8).ToArray();
            start = end + 1;
            if (line.Length > 0)
            {
                yield return line;
            }
        }
    }

    private static List<DefinitionError> Check(LearnerDefinition definition, List<byte[]> rows)
    {
        var parser = new RowParser(definition);
        var row = new Features.LearnerRow(definition.Features.Numeric.Count, definition.Features.Categorical.Count);
        List<DefinitionError> errors = [];
        for (var i = 0; i < rows.Count && errors.Count < MostErrors; i++)
        {
            if (parser.Parse(rows[i], row, strict: true) is { } error)
            {
                errors.Add(new(string.Create(CultureInfo.InvariantCulture, $"$[{i}]"), error));
            }
        }

        return errors;
    }

    private static LogEvent Event(LearnerView learner, byte[] row, DateTimeOffset now)
    {
        var stored = CloudEvents.Create(learner.Name, Guid.CreateVersion7(now).ToString(), EventType, "/mlsystem/training", now, row);
        return stored with { Headers = new Dictionary<string, string>(stored.Headers, StringComparer.Ordinal) { [LearnerTopic.LearnerHeader] = learner.Id } };
    }
}
