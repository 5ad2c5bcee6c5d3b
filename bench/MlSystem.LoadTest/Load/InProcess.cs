using System.Diagnostics;
using MlSystem.LoadTest.Servers;

namespace MlSystem.LoadTest.Load;

/// <summary>ONNX Runtime in this process, one thread, values reused: no server can be faster on one core.</summary>
internal static class InProcess
{
    private const int Calls = 256;

    public static Task<LoadResult> RunAsync(BareModel model, int seconds) => Task.Run(() => Run(model, seconds));

    private static LoadResult Run(BareModel model, int seconds)
    {
        var times = new List<double>();
        var total = Stopwatch.StartNew();
        while (total.Elapsed < TimeSpan.FromSeconds(seconds))
        {
            var one = Stopwatch.StartNew();
            for (var i = 0; i < Calls; i++)
            {
                model.Run();
            }

            times.Add(one.Elapsed.TotalMilliseconds / Calls);
        }

        times.Sort();
        return new LoadResult(times.Count * Calls / total.Elapsed.TotalSeconds, times[times.Count / 2], times[times.Count * 99 / 100]);
    }
}
