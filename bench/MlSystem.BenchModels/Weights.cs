namespace MlSystem.BenchModels;

/// <summary>Random numbers that are the same in every run.</summary>
internal static class Weights
{
    /// <summary>Uniform in ±<paramref name="scale"/>.</summary>
    public static float[] Of(Random random, int count, float scale)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = ((random.NextSingle() * 2) - 1) * scale;
        }

        return values;
    }
}
