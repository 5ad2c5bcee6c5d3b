using System.Runtime.InteropServices;
using System.Text;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>LightGBM's C API (LightGBM/include/LightGBM/c_api.h): the reference that TreeSHAP is held against.</summary>
public sealed class LightGbmNative : IDisposable
{
    private const string Library = "lib_lightgbm";
    private const int Float32 = 0;
    private const int Float64 = 1;
    private const int Contributions = 3;
    private readonly nint _data;
    private readonly nint _booster;

    private LightGbmNative(nint data, nint booster)
    {
        _data = data;
        _booster = booster;
    }

    /// <param name="values">Row-major, rows × <paramref name="width"/>.</param>
    /// <param name="parameters">As LightGBM writes them: <c>objective=binary num_leaves=31</c>.</param>
    public static LightGbmNative Train(double[] values, int width, float[] labels, string parameters, int rounds)
    {
        Check(LGBM_DatasetCreateFromMat(values, Float64, labels.Length, width, 1, Utf8(parameters), 0, out var data));
        Check(LGBM_DatasetSetField(data, Utf8("label"), labels, labels.Length, Float32));
        Check(LGBM_BoosterCreate(data, Utf8(parameters), out var booster));
        for (var round = 0; round < rounds; round++)
        {
            Check(LGBM_BoosterUpdateOneIter(booster, out var finished));
            if (finished != 0)
            {
                break;
            }
        }

        return new LightGbmNative(data, booster);
    }

    /// <summary>LightGBM's own TreeSHAP: rows × (features + 1), the last the expected value.</summary>
    public double[] Contribute(double[] values, int width)
    {
        var rows = values.Length / width;
        var result = new double[rows * (width + 1)];
        Check(LGBM_BoosterPredictForMat(_booster, values, Float64, rows, width, 1, Contributions, 0, -1, Utf8(""), out var length, result));
        return length == result.Length ? result : throw new InvalidOperationException($"{length} contributions for {rows} rows");
    }

    /// <summary>The model in LightGBM's text form.</summary>
    public string ModelText()
    {
        Check(LGBM_BoosterSaveModelToString(_booster, 0, -1, 0, 0, out var length, null));
        var text = new byte[length];
        Check(LGBM_BoosterSaveModelToString(_booster, 0, -1, 0, length, out length, text));
        return Encoding.UTF8.GetString(text).TrimEnd('\0');
    }

    public void Dispose()
    {
        _ = LGBM_BoosterFree(_booster);
        _ = LGBM_DatasetFree(_data);
    }

    private static void Check(int status)
    {
        if (status != 0)
        {
            throw new InvalidOperationException(Marshal.PtrToStringUTF8(LGBM_GetLastError()));
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');

#pragma warning disable SYSLIB1054, CA1707 // The source generator needs unsafe code; the names are the library's.
    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern nint LGBM_GetLastError();

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int LGBM_DatasetCreateFromMat(double[] data, int type, int rows, int columns, int rowMajor, byte[] parameters, nint reference, out nint dataset);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int LGBM_DatasetSetField(nint dataset, byte[] name, float[] data, int count, int type);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int LGBM_BoosterCreate(nint dataset, byte[] parameters, out nint booster);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int LGBM_BoosterUpdateOneIter(nint booster, out int finished);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int LGBM_BoosterPredictForMat(
        nint booster, double[] data, int type, int rows, int columns, int rowMajor, int predictType, int start, int iterations, byte[] parameters, out long length, double[] result);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int LGBM_BoosterSaveModelToString(nint booster, int start, int iterations, int importance, long buffer, out long length, byte[]? text);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int LGBM_BoosterFree(nint booster);

    [DllImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int LGBM_DatasetFree(nint dataset);
#pragma warning restore SYSLIB1054, CA1707
}
