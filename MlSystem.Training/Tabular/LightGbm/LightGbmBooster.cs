using System.Text;
using Microsoft.Win32.SafeHandles;
using MlSystem.Training.Tabular.Features;
using static MlSystem.Training.Tabular.LightGbm.LightGbmNative;

namespace MlSystem.Training.Tabular.LightGbm;

/// <summary>A boosting under way: one call, one round.</summary>
internal sealed class LightGbmBooster : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int PredictRows = 4096;

    // LightGBM keeps pointers into them.
    private readonly LightGbmDataset _training;
    private readonly LightGbmDataset? _held;
    private readonly byte[] _predictParameters;

    /// <param name="threads">As in the parameters, under a lease of <see cref="LightGbmThreads"/>.</param>
    public LightGbmBooster(TrainingSet training, TrainingSet? held, string parameters, int threads)
        : base(ownsHandle: true)
    {
        _predictParameters = Utf8($"num_threads={threads} verbosity=-1");
        _training = LightGbmDataset.Create(training, parameters);
        Check(LGBM_BoosterCreate(_training.Pointer, Utf8(parameters), out var pointer));
        SetHandle(pointer);
        if (held is not null)
        {
            _held = LightGbmDataset.Create(held, parameters, _training);
            Check(LGBM_BoosterAddValidData(handle, _held.Pointer));
        }
    }

    /// <summary>Grows the next tree of each output; false when no tree can split any more.</summary>
    public bool Next()
    {
        Check(LGBM_BoosterUpdateOneIter(handle, out var finished));
        return finished == 0;
    }

    /// <summary>Loss of the training (0) or held-out (1) rows: log-loss, or mean squared error.</summary>
    public double Loss(int data)
    {
        var values = new double[4];
        Check(LGBM_BoosterGetEval(handle, data, out _, values));
        return values[0];
    }

    /// <summary>Raw scores after the given number of rounds, rows × outputs; without start scores.</summary>
    public double[] Scores(FeatureRows features, int outputs, int iterations)
    {
        var scores = new double[features.Rows * outputs];
        var block = new float[Math.Min(PredictRows, features.Rows) * features.Width];
        var part = new double[Math.Min(PredictRows, features.Rows) * outputs];
        for (var start = 0; start < features.Rows; start += PredictRows)
        {
            var count = Math.Min(PredictRows, features.Rows - start);
            features.Fill(start, count, block.AsSpan(0, count * features.Width));
            Check(LGBM_BoosterPredictForMat(handle, block, Float32, count, features.Width, 1, RawScore, 0, iterations, _predictParameters, out _, part));
            part.AsSpan(0, count * outputs).CopyTo(scores.AsSpan(start * outputs));
        }

        return scores;
    }

    /// <summary>The model in LightGBM's text form.</summary>
    public string Text()
    {
        Check(LGBM_BoosterSaveModelToString(handle, 0, -1, 0, 0, out var length, null));
        var text = new byte[length];
        Check(LGBM_BoosterSaveModelToString(handle, 0, -1, 0, length, out length, text));
        return Encoding.UTF8.GetString(text, 0, (int)length - 1);
    }

    protected override bool ReleaseHandle() => LGBM_BoosterFree(handle) == 0;

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _held?.Dispose();
            _training.Dispose();
        }
    }
}
