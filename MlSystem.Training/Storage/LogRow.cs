using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace MlSystem.Training.Storage;

/// <summary>A line of a run's log.</summary>
public sealed class LogRow
{
    public long Id { get; init; }

    public required string RunId { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary><c>information</c>, <c>warning</c> or <c>error</c>.</summary>
    public required string Level { get; init; }

    public string? Step { get; init; }

    public int? Attempt { get; init; }

    public required string Message { get; init; }

    internal sealed class Table : IEntityTypeConfiguration<LogRow>
    {
        public void Configure(EntityTypeBuilder<LogRow> builder)
        {
            builder.ToTable("run_logs");
            builder.HasKey(l => l.Id);
            builder.HasIndex(l => new { l.RunId, l.Id });
        }
    }
}
