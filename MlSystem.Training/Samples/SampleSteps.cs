using MlSystem.Training.Clients;
using MlSystem.Training.Data;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Samples;

/// <summary>Applies a sample's feature definitions.</summary>
public sealed class ApplySampleStep(FeaturesClient features, SampleCatalog samples) : IStep
{
    public string Name => "apply_features";

    public double Weight => 1;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var sample = context.Run.Sample!;
        await features.ApplyAsync(samples.Text(sample, samples.Manifest(sample).Definitions), cancellationToken);
        return StepFacts.None;
    }
}

/// <summary>Ingests a sample's rows; ingesting the same rows again changes nothing.</summary>
public sealed class IngestSampleStep(FeaturesClient features, SampleCatalog samples) : IStep
{
    public string Name => "ingest_rows";

    public double Weight => 20;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var sample = context.Run.Sample!;
        foreach (var rows in samples.Manifest(sample).Rows)
        {
            using var csv = new StringWriter();
            RowTable.ReadCsvFile(samples.File(sample, rows.File)).Without(rows.Without).WriteCsv(csv);
            await features.IngestAsync(rows.FeatureView, csv.ToString(), cancellationToken);
        }

        return StepFacts.None;
    }
}
