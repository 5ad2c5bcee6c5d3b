using System.Diagnostics;
using MlSystem.Training.Data;

namespace MlSystem.Quality.Data;

/// <summary>Public data of R packages that Debian has, written once as CSV into a folder.</summary>
public sealed class DataSets(string folder)
{
    /// <summary>The Debian packages that hold the sets; <c>bench/quality</c> installs them.</summary>
    public const string Packages = "r-base-core r-cran-dslabs r-cran-modeldata r-cran-ggplot2";

    public Task<RowTable> MovieLensAsync(CancellationToken cancellation) => TableAsync("dslabs", "movielens", cancellation);

    public Task<RowTable> WaChurnAsync(CancellationToken cancellation) => TableAsync("modeldata", "wa_churn", cancellation);

    public Task<RowTable> CreditDataAsync(CancellationToken cancellation) => TableAsync("modeldata", "credit_data", cancellation);

    public Task<RowTable> AmesAsync(CancellationToken cancellation) => TableAsync("modeldata", "ames", cancellation);

    public Task<RowTable> DiamondsAsync(CancellationToken cancellation) => TableAsync("ggplot2", "diamonds", cancellation);

    /// <summary>A data frame of an R package as <c>write.csv(x, row.names=FALSE)</c> writes it; <c>NA</c> marks a missing cell.</summary>
    public async Task<RowTable> TableAsync(string package, string name, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, $"{name}.csv");
        if (!File.Exists(file))
        {
            await ExportAsync(package, name, file, cancellation);
        }

        return RowTable.ReadCsvFile(file);
    }

    private static async Task ExportAsync(string package, string name, string file, CancellationToken cancellation)
    {
        var part = $"{file}.{Environment.ProcessId}";
        var start = new ProcessStartInfo("Rscript", ["--vanilla", "-e", $"write.csv({package}::{name}, commandArgs(trailingOnly=TRUE)[1], row.names=FALSE)", part]);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("Rscript did not start.");
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"R could not write {package}::{name}; are the Debian packages {Packages} installed?");
        }

        File.Move(part, file, overwrite: true);
    }
}
