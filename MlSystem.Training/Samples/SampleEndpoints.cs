using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Training.Samples;

/// <summary>Samples over HTTP.</summary>
public static class SampleEndpoints
{
    public static IEndpointRouteBuilder MapSamples(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/samples").WithTags("Samples");
        api.MapGet("/", ListAsync);
        api.MapPost("/{sample}", StartAsync);
        return routes;
    }

    private static async Task<Ok<SampleList>> ListAsync(SampleCatalog samples, SampleRuns runs, CancellationToken cancellationToken)
    {
        List<SampleEntry> entries = [];
        foreach (var name in samples.Names)
        {
            entries.Add(new SampleEntry(name, samples.Manifest(name).Description, await runs.FindAsync(name, cancellationToken)));
        }

        return TypedResults.Ok(new SampleList(entries));
    }

    /// <summary>Applies the sample's definitions, ingests its rows and runs its pipeline, all as one run; asking again does nothing twice.</summary>
    private static async Task<Results<Ok<SampleAnswer>, Accepted<SampleAnswer>, ProblemHttpResult>> StartAsync(
        string sample, HttpContext http, SampleCatalog samples, SampleRuns runs, CancellationToken cancellationToken)
    {
        if (!samples.Names.Contains(sample, StringComparer.Ordinal))
        {
            return TypedResults.Problem($"There is no sample '{sample}'; there are: {string.Join(", ", samples.Names)}.", statusCode: StatusCodes.Status404NotFound);
        }

        var answer = await runs.StartAsync(sample, http.User.Identity?.Name ?? "anonymous", cancellationToken);
        return answer.AlreadyDone ? TypedResults.Ok(answer) : TypedResults.Accepted($"/api/runs/{answer.RunId}", answer);
    }
}
